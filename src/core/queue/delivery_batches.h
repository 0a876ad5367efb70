#pragma once
/// Deliveries of one pass over a queue, collected by consumer.

#include <array>
#include <cstdint>
#include <vector>

#include "core/events.h"
#include "core/queue/consumer_ring.h"
#include "core/queue/credit_tally.h"

namespace naru::core {

/// Records go round consumer by consumer and leave batch by batch. Reused from pass to pass.
class DeliveryBatches {
 public:
  struct Batch {
    ConsumerRing::Slot slot = ConsumerRing::kNone;
    ConnectionId connection;
    ChannelId channel;
    CreditTally::Line channel_line = 0;
    CreditTally::Line connection_line = 0;
    bool no_ack = false;
    std::uint32_t chained = 0;  // of no_ack: leases until their large bodies are read
    std::size_t room = 0;       // deliveries that it may hold
    std::int64_t credit_bytes = 0;
    std::vector<Delivery> deliveries;

    std::uint32_t leases() const {
      return no_ack ? chained : static_cast<std::uint32_t>(deliveries.size());
    }
  };

  Batch* find(ConsumerRing::Slot slot) {
    for (std::size_t i = 0; i < open_; ++i) {
      if (batches_[i].slot == slot) return &batches_[i];
    }
    return nullptr;
  }
  bool full() const { return open_ == batches_.size(); }
  /// Whether another consumer of the same channel collects: its batch has to leave first, as what a
  /// channel gets from one queue comes in order (AMQP 0-9-1 specification §4.7).
  bool overtakes(const ConsumerSettings& settings) const {
    for (std::size_t i = 0; i < open_; ++i) {
      if (batches_[i].connection == settings.key.connection &&
          batches_[i].channel == settings.channel) {
        return true;
      }
    }
    return false;
  }
  /// Deliveries in all batches.
  std::size_t count() const { return count_; }
  /// The leases that its connection may still hold are set aside for a batch here, as many as it
  /// has room for: so they cost nothing for each message.
  Batch& open(ConsumerRing::Slot slot, const ConsumerSettings& settings,
              std::size_t deliveries_max) {
    Batch& batch = batches_[open_++];
    batch.slot = slot;
    batch.connection = settings.key.connection;
    batch.channel = settings.channel;
    batch.no_ack = settings.no_ack;
    batch.channel_line = settings.no_ack ? 0 : credits_.open(settings.channel_credit.get());
    batch.connection_line = credits_.open(settings.connection_credit.get());
    batch.room = deliveries_max;
    if (!settings.no_ack) {
      const CreditTally::Line leases = credits_.open(settings.connection_leases.get());
      batch.room = credits_.take_up_to(leases, deliveries_max);
    }
    batch.chained = 0;
    batch.credit_bytes = 0;
    batch.deliveries.clear();
    return batch;
  }
  static bool is_full(const Batch& batch) { return batch.deliveries.size() >= batch.room; }
  /// Whether it takes another delivery.
  bool has_credit(const Batch& batch) const {
    return !is_full(batch) && !credits_.exhausted(batch.channel_line) &&
           !credits_.exhausted(batch.connection_line);
  }
  /// Adds a delivery to be filled in, and notes its credit.
  Delivery& add(Batch& batch, std::uint32_t record_bytes) {
    ++count_;
    credits_.take(batch.channel_line, 1);
    credits_.take(batch.connection_line, record_bytes);
    if (batch.connection_line != 0) batch.credit_bytes += record_bytes;
    return batch.deliveries.emplace_back();
  }

  /// Calls take(Batch&) for each batch that holds something, which acquires its credit if it goes
  /// to somebody, then gone(Batch&) for every batch.
  template <typename Take, typename Gone>
  void hand_over(Take&& take, Gone&& gone) {
    credits_.clear();  // take() may end the consumers whose credits these are
    for (std::size_t i = 0; i < open_; ++i) {
      if (!batches_[i].deliveries.empty()) take(batches_[i]);
    }
    for (std::size_t i = 0; i < open_; ++i) gone(batches_[i]);
    open_ = 0;
    count_ = 0;
  }

 private:
  std::array<Batch, 16> batches_;
  std::size_t open_ = 0;
  std::size_t count_ = 0;
  CreditTally credits_;
};

}  // namespace naru::core
