#include <fmt/format.h>

#include "tests/sim/checkers/blocked_go_on.h"
#include "tests/sim/checkers/bodies_are_intact.h"
#include "tests/sim/checkers/confirmed_is_never_lost.h"
#include "tests/sim/checkers/confirms_are_sound.h"
#include "tests/sim/checkers/consumers_end_with_queues.h"
#include "tests/sim/checkers/deleted_stays_deleted.h"
#include "tests/sim/checkers/drains_after_healing.h"
#include "tests/sim/checkers/failures_end_the_process.h"
#include "tests/sim/checkers/memory_within_budget.h"
#include "tests/sim/checkers/one_live_lease.h"
#include "tests/sim/checkers/order_is_kept.h"
#include "tests/sim/checkers/parked_for_a_reason.h"
#include "tests/sim/checkers/queues_are_there_or_gone.h"
#include "tests/sim/checkers/queues_end_with_owners.h"
#include "tests/sim/checkers/recovery_is_idempotent.h"
#include "tests/sim/checkers/redelivered_is_honest.h"
#include "tests/sim/checkers/settled_stays_settled.h"
#include "tests/sim/checkers/transactions_are_whole.h"

namespace naru::sim {

std::vector<std::unique_ptr<Checker>> all_checkers(Findings& findings) {
  std::vector<std::unique_ptr<Checker>> all;
  all.push_back(std::make_unique<BodiesAreIntact>(findings));
  all.push_back(std::make_unique<ConfirmsAreSound>(findings));
  all.push_back(std::make_unique<SettledStaysSettled>(findings));
  all.push_back(std::make_unique<OneLiveLease>(findings));
  all.push_back(std::make_unique<OrderIsKept>(findings));
  all.push_back(std::make_unique<RedeliveredIsHonest>(findings));
  all.push_back(std::make_unique<MemoryWithinBudget>(findings));
  all.push_back(std::make_unique<ParkedForAReason>(findings));
  all.push_back(std::make_unique<QueuesEndWithOwners>(findings));
  all.push_back(std::make_unique<QueuesAreThereOrGone>(findings));
  all.push_back(std::make_unique<ConsumersEndWithQueues>(findings));
  all.push_back(std::make_unique<FailuresEndTheProcess>(findings));
  all.push_back(std::make_unique<RecoveryIsIdempotent>(findings));
  all.push_back(std::make_unique<BlockedGoOn>(findings));
  all.push_back(std::make_unique<DeletedStaysDeleted>(findings));
  all.push_back(std::make_unique<DrainsAfterHealing>(findings));
  all.push_back(std::make_unique<TransactionsAreWhole>(findings));
  all.push_back(std::make_unique<ConfirmedIsNeverLost>(findings));
  return all;
}

std::string to_string(const Copy& copy) {
  return fmt::format("message {} in queue {}", copy.message, copy.queue);
}

}  // namespace naru::sim
