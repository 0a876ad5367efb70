#include "core/topology/texts.h"

#include <fmt/format.h>

namespace naru::core {

namespace {

using message::Integer;
using message::IntegerWidth;

std::string_view integer_type(IntegerWidth width) {
  switch (width) {
    case IntegerWidth::i8:
      return "byte";
    case IntegerWidth::u8:
      return "unsignedbyte";
    case IntegerWidth::i16:
      return "short";
    case IntegerWidth::u16:
      return "unsignedshort";
    case IntegerWidth::i32:
      return "signedint";
    case IntegerWidth::u32:
      return "unsignedint";
    case IntegerWidth::i64:
    case IntegerWidth::u64:
      return "long";
  }
  std::unreachable();
}

struct TypeText {
  std::string_view operator()(std::monostate) const { return "void"; }
  std::string_view operator()(bool) const { return "bool"; }
  std::string_view operator()(const Integer& v) const { return integer_type(v.width); }
  std::string_view operator()(float) const { return "float"; }
  std::string_view operator()(double) const { return "double"; }
  std::string_view operator()(const message::Decimal&) const { return "decimal"; }
  std::string_view operator()(const message::Timestamp&) const { return "timestamp"; }
  std::string_view operator()(const std::string&) const { return "longstr"; }
  std::string_view operator()(const message::Binary&) const { return "binary"; }
  std::string_view operator()(const message::Array&) const { return "array"; }
  std::string_view operator()(const message::Table&) const { return "table"; }
};

struct ValueText {
  std::string operator()(std::monostate) const { return "undefined"; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(const Integer& v) const { return fmt::format("{}", v.value); }
  std::string operator()(float v) const { return fmt::format("{}", v); }
  std::string operator()(double v) const { return fmt::format("{}", v); }
  std::string operator()(const message::Decimal& v) const {
    return fmt::format("{{{},{}}}", v.scale, v.value);
  }
  std::string operator()(const message::Timestamp& v) const { return fmt::format("{}", v.seconds); }
  std::string operator()(const std::string& v) const { return v; }
  std::string operator()(const message::Binary& v) const { return v.bytes; }
  std::string operator()(const message::Array& v) const {
    return fmt::format("[{} values]", v.size());
  }
  std::string operator()(const message::Table& v) const {
    return fmt::format("[{} fields]", v.size());
  }
};

}  // namespace

std::string queue_text(std::string_view name, std::string_view tenant) {
  return fmt::format("queue '{}' in vhost '{}'", name, tenant);
}

std::string exchange_text(std::string_view name, std::string_view tenant) {
  return fmt::format("exchange '{}' in vhost '{}'", name, tenant);
}

std::string locked_text(std::string_view queue, std::string_view tenant) {
  return fmt::format(
      "cannot obtain exclusive access to locked {}. It could be originally declared on another "
      "connection or the exclusive property value does not match that of the original declaration.",
      queue_text(queue, tenant));
}

std::string without_line_ends(std::string_view name) {
  std::string result(name);
  std::erase_if(result, [](char c) { return c == '\r' || c == '\n'; });
  return result;
}

std::string value_text(const message::Value& value) {
  return std::visit(ValueText{}, value.v);
}

std::string_view type_text(const message::Value& value) {
  return std::visit(TypeText{}, value.v);
}

}  // namespace naru::core
