#include "protocol/amqp091/errors.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/utf8.h"

namespace naru::amqp091 {

std::string_view reply_name(ReplyCode code) {
  switch (code) {
    case ReplyCode::success:
      return "REPLY_SUCCESS";
    case ReplyCode::content_too_large:
      return "CONTENT_TOO_LARGE";
    case ReplyCode::no_route:
      return "NO_ROUTE";
    case ReplyCode::no_consumers:
      return "NO_CONSUMERS";
    case ReplyCode::connection_forced:
      return "CONNECTION_FORCED";
    case ReplyCode::invalid_path:
      return "INVALID_PATH";
    case ReplyCode::access_refused:
      return "ACCESS_REFUSED";
    case ReplyCode::not_found:
      return "NOT_FOUND";
    case ReplyCode::resource_locked:
      return "RESOURCE_LOCKED";
    case ReplyCode::precondition_failed:
      return "PRECONDITION_FAILED";
    case ReplyCode::frame_error:
      return "FRAME_ERROR";
    case ReplyCode::syntax_error:
      return "SYNTAX_ERROR";
    case ReplyCode::command_invalid:
      return "COMMAND_INVALID";
    case ReplyCode::channel_error:
      return "CHANNEL_ERROR";
    case ReplyCode::unexpected_frame:
      return "UNEXPECTED_FRAME";
    case ReplyCode::resource_error:
      return "RESOURCE_ERROR";
    case ReplyCode::not_allowed:
      return "NOT_ALLOWED";
    case ReplyCode::not_implemented:
      return "NOT_IMPLEMENTED";
    case ReplyCode::internal_error:
      return "INTERNAL_ERROR";
  }
  return "INTERNAL_ERROR";
}

bool is_hard(ReplyCode code) {
  switch (code) {
    case ReplyCode::content_too_large:
    case ReplyCode::no_route:
    case ReplyCode::no_consumers:
    case ReplyCode::access_refused:
    case ReplyCode::not_found:
    case ReplyCode::resource_locked:
    case ReplyCode::precondition_failed:
      return false;
    default:
      return true;
  }
}

std::string reply_text(ReplyCode code, std::string_view explanation) {
  // Names may hold any octets; the text may not.
  std::string text = fmt::format("{} - {}", reply_name(code), explanation);
  if (!is_utf8(text)) {
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  }
  if (text.size() <= kShortStringBytesMax) return text;
  return std::string(utf8_prefix(text, kShortStringBytesMax - 3)) + "...";
}

ReplyCode reply_code(Errc code) {
  switch (code) {
    case Errc::not_found:
      return ReplyCode::not_found;
    case Errc::already_exists:
    case Errc::precondition_failed:
      return ReplyCode::precondition_failed;
    case Errc::resource_locked:
      return ReplyCode::resource_locked;
    case Errc::access_refused:
    case Errc::unauthenticated:
      return ReplyCode::access_refused;
    case Errc::not_allowed:
      return ReplyCode::not_allowed;
    case Errc::not_implemented:
      return ReplyCode::not_implemented;
    case Errc::malformed:
      return ReplyCode::syntax_error;
    case Errc::limit:
    case Errc::unavailable:
    case Errc::no_space:
      return ReplyCode::resource_error;
    case Errc::ok:
    case Errc::need_more:
    case Errc::not_owner:
    case Errc::io:
    case Errc::corrupt:
    case Errc::version:
    case Errc::internal:
      return ReplyCode::internal_error;
  }
  return ReplyCode::internal_error;
}

std::string octets_text(std::string_view octets) {
  const std::size_t shown = std::min<std::size_t>(octets.size(), 16);
  std::string text = octets.size() <= 16 ? "all octets = <<" : "first 16 octets = <<";
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (shown != 0 && std::ranges::all_of(octets.substr(0, shown), printable)) {
    return text + fmt::format("\"{}\">>", octets.substr(0, shown));
  }
  for (std::size_t i = 0; i < shown; ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ",", static_cast<std::uint8_t>(octets[i]));
  return text + ">>";
}

}  // namespace naru::amqp091
