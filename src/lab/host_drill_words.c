#include <errno.h>
#include <stdio.h>

#include "lab/host_drill.h"

struct host_drill host_drill_default(void)
{
	return (struct host_drill){.loop = {.shape = LAB_LOOP_RANDOMX, .seed = 1},
				   .threads = 1,
				   .duty_percent = 100,
				   .seconds = 60};
}

static bool set_number(struct host_drill *d, struct str key, uint64_t value)
{
	struct {
		const char *key;
		uint64_t least, most;
		uint32_t *out;
	} numbers[] = {
		{"threads", 1, HOST_DRILL_THREADS_MAX, &d->threads},
		{"duty", 1, 100, &d->duty_percent},
		{"seconds", 1, HOST_DRILL_SECONDS_MAX, &d->seconds},
		{"padding", 0, 2000, &d->loop.padding_percent},
		{"dataset", 1, 65536, &d->dataset_mib},
		{"pad", 16, 65536, &d->loop.pad_bytes},
	};

	if (str_equal(key, STR("seed"))) {
		d->loop.seed = value;
		return true;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (!str_equal(key, str_from(numbers[i].key)))
			continue;
		if (value < numbers[i].least || value > numbers[i].most)
			return false;
		bool is_pad = numbers[i].out == &d->loop.pad_bytes;
		if (is_pad && (value & (value - 1)) != 0)
			return false; /* masks need a power of two */
		*numbers[i].out = (uint32_t)(is_pad ? value << 10 : value);
		return true;
	}
	return false;
}

static bool set_text(char *out, size_t cap, struct str value)
{
	if (value.len == 0 || value.len >= cap)
		return false;
	memcpy(out, value.at, value.len);
	out[value.len] = 0;
	return true;
}

static bool set_word(struct host_drill *d, struct str word)
{
	struct {
		const char *word;
		bool *out;
	} switches[] = {{"toggle", &d->toggles},
			{"nice", &d->is_nice},
			{"spread", &d->is_spread},
			{"mount", &d->is_mounted},
			{"in-registers", &d->loop.masks_in_registers}};

	for (unsigned i = 0; i < LAB_LOOP_COUNT; i++) {
		if (str_equal(word, str_from(lab_loop_names[i]))) {
			d->loop.shape = (enum lab_loop_shape)i;
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++)
		if (str_equal(word, str_from(switches[i].word)))
			return *switches[i].out = true;
	if (str_equal(word, STR("deleted")) || str_equal(word, STR("memfd"))) {
		d->image = word.at[0] == 'd' ? HOST_DRILL_DELETED : HOST_DRILL_MEMFD;
		return true;
	}
	if (!str_equal(word, STR("here")))
		return false;
	d->image = HOST_DRILL_HERE; /* said to the copy: it is where it should be */
	d->preload[0] = 0;
	return true;
}

int host_drill_parse(struct str list, struct host_drill *out, struct error *why)
{
	struct str word, key, value;
	uint64_t number = 0;

	while (list.len > 0) {
		str_cut(list, ',', &word, &list);
		bool has_value = str_cut(word, '=', &key, &value);
		bool is_good = !has_value ? set_word(out, word)
			       : str_equal(key, STR("name"))
				       ? set_text(out->name, sizeof(out->name), value)
			       : str_equal(key, STR("preload"))
				       ? set_text(out->preload, sizeof(out->preload), value)
				       : str_to_u64(value, &number) && set_number(out, key, number);
		if (!is_good)
			return error_set(why, -EINVAL, "a drill of the host cannot do %.*s",
					 (int)(word.len < 60 ? word.len : 60), word.at);
	}
	return 0;
}
