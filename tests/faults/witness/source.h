#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "text.h"

namespace naru::faults {

/// How many take part. Every consumer consumes from every queue.
struct Shape {
  std::size_t publishers = 4;
  std::size_t queues = 2;
  std::size_t consumers = 3;
  std::size_t getters = 0;      // consumers that ask for each message
  std::size_t transactors = 0;  // the first publishers: theirs are transactions
};

/// What is published: message n of publisher p is always the same, so a body that arrives can be
/// compared octet by octet.
class Source {
 public:
  virtual ~Source() = default;
  virtual Shape shape() const = 0;
  /// How many messages the publisher has; as good as endless for some.
  virtual std::size_t count(std::size_t publisher) const = 0;
  virtual std::string_view body(std::size_t publisher, std::size_t number) const = 0;
  /// The only queue that the message goes to, unless the publisher's messages go to all queues.
  virtual std::size_t queue(std::size_t publisher, std::size_t number) const = 0;
  virtual bool to_all_queues(std::size_t publisher) const = 0;
  virtual bool persistent(std::size_t publisher, std::size_t number) const = 0;
};

/// The lines of a text, dealt to 4 publishers in turn: line n of publisher p is line 4n + p. A
/// publisher's lines go to one queue.
class TextSource final : public Source {
 public:
  explicit TextSource(Text text) : text_(std::move(text)) {}
  Shape shape() const override { return {}; }
  std::size_t count(std::size_t publisher) const override;
  std::string_view body(std::size_t publisher, std::size_t number) const override;
  std::size_t queue(std::size_t publisher, std::size_t) const override;
  bool to_all_queues(std::size_t) const override { return false; }
  bool persistent(std::size_t, std::size_t) const override { return true; }

 private:
  Text text_;
};

/// Messages whose sizes are drawn from a list that has every border in it (none, one octet, blocks,
/// frames, the largest allowed), 1 of 20 of them transient, to queues drawn by lot; the last
/// publisher's go to all queues. Everything follows from the seed.
class DrawnSource final : public Source {
 public:
  DrawnSource(Shape shape, std::uint64_t seed);
  Shape shape() const override { return shape_; }
  std::size_t count(std::size_t publisher) const override;
  std::string_view body(std::size_t publisher, std::size_t number) const override;
  std::size_t queue(std::size_t publisher, std::size_t number) const override;
  bool to_all_queues(std::size_t publisher) const override;
  bool persistent(std::size_t publisher, std::size_t number) const override;

 private:
  std::uint64_t lot(std::size_t publisher, std::size_t number, std::uint64_t of_what) const;

  Shape shape_;
  std::uint64_t seed_;
  std::string pool_;  // every body is a piece of it
};

/// A well mixed number out of another one (the finaliser of splitmix64).
std::uint64_t mixed(std::uint64_t value);

}  // namespace naru::faults
