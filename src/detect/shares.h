/* Shares of processor time, in cores, as workloads have them: one a step. */
#ifndef DAVY_DETECT_SHARES_H
#define DAVY_DETECT_SHARES_H

#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

double shares_mean(const float *shares, size_t count); /* 0 of none */

/* "47 % of one core" or "1.9 cores" */
struct str share_text(struct arena *scratch, double share);

#endif
