#include "programs/settings.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "programs/file_text.h"
#include "programs/setting_value.h"
#include "programs/settings_yaml.h"

enum { FILE_MAX_BYTES = 256 * 1024, SECTIONS_MAX = 32 };

struct settings {
	struct setting_value *values; /* setting_count of them */
};

static struct str section_of(const struct setting *setting)
{
	struct str section, key;

	str_cut(str_from(setting->name), '.', &section, &key);
	return section;
}

static bool begins_section(size_t i)
{
	return i == 0 ||
	       !str_equal(section_of(&setting_table[i]), section_of(&setting_table[i - 1]));
}

/* What a file is read into: the setting that has begun, and the sections seen. */
struct taking {
	struct settings *settings;
	const struct setting *current;
	struct setting_value *value;
	bool list_has_begun;
	size_t sections[SECTIONS_MAX]; /* as the index of their first setting */
	size_t section_count;
};

/* The last word of a name counts as well: `memory` alone is near to watch.memory. */
static int fail_unknown(const char *what, struct str name, struct error *why)
{
	CLEANUP(buf_fini) struct buf shown = {0};
	struct nearest nearest = nearest_to(name);
	struct str best = {0}, section, key;
	unsigned distance = nearest.distance;

	for (size_t i = 0; i < setting_count; i++) {
		struct str known = str_from(setting_table[i].name);
		str_cut(known, '.', &section, &key);
		nearest_offer(&nearest, known);
		nearest_offer(&nearest, key);
		if (nearest.distance < distance)
			best = known;
		distance = nearest.distance;
		nearest_offer(&nearest, section);
		if (nearest.distance < distance)
			best = section;
		distance = nearest.distance;
	}
	buf_add_printable(&shown, name, 64);
	buf_add_byte(&shown, '\0');
	if (nearest_is_close(&nearest))
		return error_set(why, -EINVAL, "unknown %s \"%s\": did you mean %.*s?", what,
				 shown.failed ? "" : shown.at, STR_ARG(best));
	return error_set(why, -EINVAL, "unknown %s \"%s\": `davy settings --defaults` lists all",
			 what, shown.failed ? "" : shown.at);
}

static int take_section(void *context, struct str name, struct error *why)
{
	struct taking *taking = context;
	size_t first = 0;

	while (first < setting_count &&
	       !(begins_section(first) && str_equal(section_of(&setting_table[first]), name)))
		first++;
	if (first == setting_count)
		return fail_unknown("section", name, why);
	for (size_t i = 0; i < taking->section_count; i++)
		if (taking->sections[i] == first)
			return error_set(why, -EINVAL, "the section %.*s is there twice",
					 STR_ARG(name));
	assert(taking->section_count < SECTIONS_MAX);
	taking->sections[taking->section_count++] = first;
	return 0;
}

static int take_begin(void *context, struct str name, struct error *why)
{
	struct taking *taking = context;

	for (size_t i = 0; i < setting_count; i++) {
		if (!str_equal(str_from(setting_table[i].name), name))
			continue;
		taking->current = &setting_table[i];
		taking->value = &taking->settings->values[i];
		if (taking->value->is_set)
			return error_set(why, -EINVAL, "%s is there twice", taking->current->name);
		setting_value_clear(taking->value);
		taking->value->is_set = true;
		taking->list_has_begun = false;
		return 0;
	}
	return fail_unknown("setting", name, why);
}

static int take_value(void *context, struct str text, struct error *why)
{
	struct taking *taking = context;

	return setting_value_parse(taking->current, text, taking->value, why);
}

static int take_item(void *context, struct str text, struct error *why)
{
	struct taking *taking = context;

	if (taking->current->type != SETTING_TEXTS)
		return error_set(why, -EINVAL, "%s is one value, not a list",
				 taking->current->name);
	if (!taking->list_has_begun) {
		taking->list_has_begun = true;
		return 0;
	}
	return setting_value_add(taking->current, text, taking->value, why);
}

static int set_defaults(struct settings *settings, struct error *why)
{
	int result = 0;

	for (size_t i = 0; i < setting_count && result == 0; i++) {
		const struct setting *setting = &setting_table[i];
		if (setting->type != SETTING_TEXTS || *setting->value)
			result = setting_value_parse(setting, str_from(setting->value),
						     &settings->values[i], why);
	}
	return result;
}

int settings_read(struct str yaml, const char *file, struct settings **out, struct error *why)
{
	struct taking taking = {.settings = calloc(1, sizeof(struct settings))};
	const struct yaml_taker taker = {take_section, take_begin, take_value, take_item, &taking};

	*out = NULL;
	if (!taking.settings ||
	    !(taking.settings->values = calloc(setting_count, sizeof(struct setting_value)))) {
		free(taking.settings);
		return error_set(why, -ENOMEM, "no memory to read %s", file);
	}
	int result = set_defaults(taking.settings, why);
	if (result == 0 && yaml.len > FILE_MAX_BYTES)
		result =
			error_set(why, -EINVAL, "%s is larger than %d bytes", file, FILE_MAX_BYTES);
	if (result == 0)
		result = yaml_read(yaml, file, &taker, why);
	if (result != 0)
		settings_free(&taking.settings);
	*out = taking.settings;
	return result;
}

/* A pipe is as good as a file: --config <(...) */
static int read_file(const char *path, struct buf *out, struct error *why)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (file < 0)
		return error_set(why, -errno, "cannot open %s: %s", path, strerror(errno));
	int result = file_text_read_open(file, FILE_MAX_BYTES, out);
	close(file);
	if (result == -ENOMEM)
		return error_set(why, result, "no memory to read %s", path);
	return result == 0 ? 0
			   : error_set(why, result, "cannot read %s: %s", path, strerror(-result));
}

int settings_load(const char *path, struct settings **out, struct error *why)
{
	CLEANUP(buf_fini) struct buf text = {0};
	const char *file = path ? path : SETTINGS_DEFAULT_PATH;

	*out = NULL;
	int result = read_file(file, &text, why);
	if (result == -ENOENT && !path)
		result = 0;
	return result != 0 ? result : settings_read(buf_view(&text), file, out, why);
}

void settings_free(struct settings **at)
{
	struct settings *settings = *at;

	if (!settings)
		return;
	for (size_t i = 0; i < setting_count; i++)
		setting_value_clear(&settings->values[i]);
	free(settings->values);
	free(settings);
	*at = NULL;
}

static const struct setting_value *value_of(const struct settings *settings, const char *name,
					    enum setting_type type, enum setting_type or_type)
{
	size_t i = 0;

	while (i < setting_count && strcmp(setting_table[i].name, name) != 0)
		i++;
	assert(i < setting_count);
	assert(setting_table[i].type == type || setting_table[i].type == or_type);
	return &settings->values[i];
}

bool settings_bool(const struct settings *settings, const char *name)
{
	return value_of(settings, name, SETTING_BOOL, SETTING_BOOL)->truth;
}

uint64_t settings_number(const struct settings *settings, const char *name)
{
	return value_of(settings, name, SETTING_INTEGER, SETTING_SIZE)->number;
}

duration settings_duration(const struct settings *settings, const char *name)
{
	return DURATION_S(value_of(settings, name, SETTING_DURATION, SETTING_DURATION)->number);
}

const char *settings_text(const struct settings *settings, const char *name)
{
	return value_of(settings, name, SETTING_TEXT, SETTING_CHOICE)->text;
}

const struct str *settings_texts(const struct settings *settings, const char *name, size_t *count)
{
	const struct setting_value *value = value_of(settings, name, SETTING_TEXTS, SETTING_TEXTS);

	*count = value->text_count;
	return value->texts;
}

static void print_range(const struct setting *setting, struct buf *out)
{
	if (setting->type == SETTING_CHOICE)
		buf_printf(out, "  # one of: %s\n", setting->choices);
	if (setting->type == SETTING_INTEGER)
		buf_printf(out, "  # from %llu to %llu\n", (unsigned long long)setting->least,
			   (unsigned long long)setting->most);
}

void settings_print_defaults(struct buf *out)
{
	struct str section, key;

	buf_add_text(out, "# Every setting of Davy with its default.\n");
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &setting_table[i];
		str_cut(str_from(setting->name), '.', &section, &key);
		if (begins_section(i))
			buf_printf(out, "\n%.*s:\n", STR_ARG(section));
		buf_printf(out, "  # %s\n", setting->help);
		print_range(setting, out);
		buf_printf(out, "  %.*s: %s\n", STR_ARG(key),
			   *setting->value ? setting->value : "[]");
	}
}
