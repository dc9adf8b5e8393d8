#include "decode/proc/machine.h"

#include "decode/proc/fields.h"

static bool read_total(struct str columns, struct proc_machine *out)
{
	uint64_t *const fields[] = {
		&out->user,    &out->nice,	 &out->system,		&out->idle,
		&out->waiting, &out->interrupts, &out->soft_interrupts, &out->stolen};
	size_t count = 0;

	while (count < sizeof(fields) / sizeof(fields[0]) && next_number(&columns, fields[count]))
		count++;
	return count >= 4;
}

enum decoded proc_machine_read(struct str text, struct proc_machine *out)
{
	struct str line, key;
	bool has_total = false;
	uint64_t number;

	*out = (struct proc_machine){0};
	while (next_line(&text, &line)) {
		if (!next_word(&line, &key))
			continue;
		if (str_equal(key, STR("cpu")))
			has_total = read_total(line, out);
		else if (str_starts(key, STR("cpu")) && str_to_u64(str_skip(key, 3), &number))
			out->processors++;
		else if (str_equal(key, STR("btime")) && next_number(&line, &number) &&
			 number <= INT64_MAX / 1000000000)
			out->booted = instant_at((int64_t)number, 0);
	}
	return has_total ? DECODED : MALFORMED;
}

enum decoded proc_uptime_read(struct str text, duration *out)
{
	struct str word, whole, fraction;
	uint64_t seconds, part = 0, unit = 1000000000;

	if (!next_word(&text, &word))
		return NEED_MORE;
	(void)str_cut(word, '.', &whole, &fraction);
	fraction = str_sub(str_trim(fraction), 0, 9);
	if (!str_to_u64(whole, &seconds) || seconds >= INT64_MAX / 1000000000 ||
	    (fraction.len && !str_to_u64(fraction, &part)))
		return MALFORMED;
	for (size_t i = 0; i < fraction.len; i++)
		unit /= 10;
	out->ns = (int64_t)(seconds * 1000000000 + part * unit);
	return DECODED;
}
