/* First byte: form and unit; then 8 bytes of a number, and the rest is a target. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "decode/mining/difficulty.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	double number, hashes, again, difficulty;

	if (len < 9)
		return 0;
	enum target_form form = (enum target_form)(at[0] & 3);
	enum difficulty_unit unit = (enum difficulty_unit)((at[0] >> 2) % (DIFFICULTY_KASPA + 1));
	struct str target = str_of(at + 9, len - 9);

	if (hashes_from_target(form, target, &hashes)) {
		assert(isfinite(hashes) && hashes >= 1);
		assert(difficulty_from_target(form, unit, target, &difficulty));
		assert(isfinite(difficulty) && difficulty > 0);
		again = hashes_from_difficulty(unit, difficulty);
		assert(fabs(again - hashes) <= 1e-9 * hashes);
	} else {
		assert(!difficulty_from_target(form, unit, target, &difficulty));
	}
	memcpy(&number, at + 1, sizeof(number));
	hashes = hashes_from_difficulty(unit, number);
	assert(!isnan(hashes) && hashes >= 0);
	difficulty = difficulty_from_hashes(unit, number);
	assert(!isnan(difficulty) && difficulty >= 0);
	return 0;
}
