#include "base/mutant.h"

#ifdef NARU_MUTANTS
namespace naru {

Mutant& living_mutant() {
  static Mutant living = Mutant::none;
  return living;
}

}  // namespace naru
#endif
