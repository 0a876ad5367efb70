#include "storage/mutation.h"

#ifdef NARU_MUTANTS
namespace naru::storage {

Mutation& mutation() {
  static Mutation current;
  return current;
}

}  // namespace naru::storage
#endif
