#include "programs/setting_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{"", 1},
	{"B", 1},
	{"KiB", 1ull << 10},
	{"MiB", 1ull << 20},
	{"GiB", 1ull << 30},
	{"TiB", 1ull << 40},
	{"K", 1ull << 10},
	{"M", 1ull << 20},
	{"G", 1ull << 30},
	{"T", 1ull << 40},
	{"kB", 1000},
	{"MB", 1000000},
	{"GB", 1000000000},
	{NULL, 0},
};

static const struct unit duration_units[] = {
	{"s", 1}, {"min", 60}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 7 * 86400}, {NULL, 0},
};

static bool parse_with_unit(struct str text, const struct unit *units, uint64_t *out)
{
	size_t digits = 0;
	uint64_t number;

	while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9')
		digits++;
	struct str unit = str_trim(str_skip(text, digits));
	if (!str_to_u64(str_sub(text, 0, digits), &number))
		return false;
	for (; units->name; units++)
		if (str_equal_nocase(unit, str_from(units->name)))
			return !__builtin_mul_overflow(number, units->factor, out);
	return false;
}

bool duration_parse(struct str text, duration *out)
{
	uint64_t seconds;

	if (!parse_with_unit(text, duration_units, &seconds) || seconds > INT64_MAX / 1000000000)
		return false;
	*out = DURATION_S(seconds);
	return true;
}

static int parse_number(const struct setting *setting, struct str text, struct setting_value *out,
			struct error *why)
{
	static const struct {
		const char *what;
		const struct unit *units;
	} kinds[] = {
		[SETTING_INTEGER] = {"a whole number", NULL},
		[SETTING_DURATION] = {"a time like 90 s, 5 min, 2 h or 7 d", duration_units},
		[SETTING_SIZE] = {"a size like 512 MiB", size_units},
	};
	const struct unit *units = kinds[setting->type].units;

	if (units ? !parse_with_unit(text, units, &out->number) : !str_to_u64(text, &out->number))
		return error_set(why, -EINVAL, "%s must be %s", setting->name,
				 kinds[setting->type].what);
	if (out->number < setting->least || out->number > setting->most)
		return error_set(why, -EINVAL, "%s must be between %llu and %llu%s", setting->name,
				 (unsigned long long)setting->least,
				 (unsigned long long)setting->most,
				 setting->type == SETTING_SIZE	     ? " bytes"
				 : setting->type == SETTING_DURATION ? " seconds"
								     : "");
	return 0;
}

static int parse_bool(const struct setting *setting, struct str text, struct setting_value *out,
		      struct error *why)
{
	static const char *const words[2][3] = {{"false", "no", "off"}, {"true", "yes", "on"}};

	for (int truth = 0; truth < 2; truth++) {
		for (int i = 0; i < 3; i++) {
			if (str_equal_nocase(text, str_from(words[truth][i]))) {
				out->truth = truth;
				return 0;
			}
		}
	}
	return error_set(why, -EINVAL, "%s must be true or false", setting->name);
}

static int check_text(const struct setting *setting, struct str text, struct error *why)
{
	if (text.len == 0)
		return error_set(why, -EINVAL, "%s has no value", setting->name);
	if (text.len > SETTING_TEXT_MAX)
		return error_set(why, -EINVAL, "%s is longer than %d bytes", setting->name,
				 SETTING_TEXT_MAX);
	if (str_find_byte(text, '\0') >= 0)
		return error_set(why, -EINVAL, "%s holds a zero byte", setting->name);
	return 0;
}

static int parse_text(const struct setting *setting, struct str text, struct setting_value *out,
		      struct error *why)
{
	int result = check_text(setting, text, why);

	if (result != 0)
		return result;
	out->text = strndup(text.at, text.len);
	return out->text ? 0 : error_set(why, -ENOMEM, "no memory for %s", setting->name);
}

static int parse_choice(const struct setting *setting, struct str text, struct setting_value *out,
			struct error *why)
{
	struct str rest = str_from(setting->choices), word;

	while (rest.len > 0) {
		str_cut(rest, ' ', &word, &rest);
		if (str_equal(word, text))
			return parse_text(setting, text, out, why);
	}
	return error_set(why, -EINVAL, "%s must be one of: %s", setting->name, setting->choices);
}

int setting_value_parse(const struct setting *setting, struct str text, struct setting_value *out,
			struct error *why)
{
	static int (*const parsers[])(const struct setting *, struct str, struct setting_value *,
				      struct error *) = {
		[SETTING_BOOL] = parse_bool,	   [SETTING_INTEGER] = parse_number,
		[SETTING_DURATION] = parse_number, [SETTING_SIZE] = parse_number,
		[SETTING_TEXT] = parse_text,	   [SETTING_TEXTS] = setting_value_add,
		[SETTING_CHOICE] = parse_choice,
	};

	return parsers[setting->type](setting, text, out, why);
}

int setting_value_add(const struct setting *setting, struct str text, struct setting_value *out,
		      struct error *why)
{
	int result = check_text(setting, text, why);

	if (result != 0)
		return result;
	struct error wrong;
	if (setting->check && !setting->check(text, &wrong))
		return error_set(why, -EINVAL, "%s: %s", setting->name, wrong.text);
	if (out->text_count == SETTING_TEXTS_MAX)
		return error_set(why, -EINVAL, "%s has more than %d entries", setting->name,
				 SETTING_TEXTS_MAX);
	struct str *texts = realloc(out->texts, (out->text_count + 1) * sizeof(*texts));
	if (texts)
		out->texts = texts;
	char *copy = strndup(text.at, text.len);
	if (!texts || !copy) {
		free(copy);
		return error_set(why, -ENOMEM, "no memory for %s", setting->name);
	}
	out->texts[out->text_count++] = str_of(copy, text.len);
	return 0;
}

void setting_value_clear(struct setting_value *value)
{
	for (size_t i = 0; i < value->text_count; i++)
		free((char *)value->texts[i].at);
	free(value->texts);
	free(value->text);
	*value = (struct setting_value){0};
}
