#include "detect/shares.h"

double shares_mean(const float *shares, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (double)shares[i];
	return count > 0 ? sum / (double)count : 0;
}

struct str share_text(struct arena *scratch, double share)
{
	return share < 0.995 ? arena_printf(scratch, "%.0f %% of one core", 100 * share)
			     : arena_printf(scratch, "%.1f core%s", share, share < 1.05 ? "" : "s");
}
