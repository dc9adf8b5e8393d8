/*
 * SIGHUP: new settings without a packet missed. Lists, thresholds and interfaces are told to the
 * workers as they run; only what their tables and rings are made by needs them started anew.
 */
#include "programs/watch_state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "programs/watch_relay.h"

/* What workers are made by. */
static const char *const at_start_only[] = {"watch.memory", "watch.workers",	"watch.snap_length",
					    "watch.cutoff", "watch.host",	"watch.mirrors",
					    "store.path",   "detect.authorised"};

static const struct setting *find_setting(const char *name)
{
	const struct setting *setting = setting_table;

	while (strcmp(setting->name, name) != 0)
		setting++;
	return setting;
}

static bool has_same_texts(const struct settings *a, const struct settings *b, const char *name)
{
	size_t count, other;
	const struct str *texts = settings_texts(a, name, &count);
	const struct str *others = settings_texts(b, name, &other);

	for (size_t i = 0; i < count && i < other; i++)
		if (!str_equal(texts[i], others[i]))
			return false;
	return count == other;
}

static bool is_same(const struct settings *a, const struct settings *b, const char *name)
{
	switch (find_setting(name)->type) {
	case SETTING_BOOL:
		return settings_bool(a, name) == settings_bool(b, name);
	case SETTING_INTEGER:
	case SETTING_SIZE:
		return settings_number(a, name) == settings_number(b, name);
	case SETTING_TEXTS:
		return has_same_texts(a, b, name);
	default:
		return strcmp(settings_text(a, name), settings_text(b, name)) == 0;
	}
}

/* NULL: none */
static const char *first_that_needs_a_start(const struct watch *w, const struct settings *next)
{
	for (size_t i = 0; i < sizeof(at_start_only) / sizeof(*at_start_only); i++)
		if (!is_same(w->settings, next, at_start_only[i]))
			return at_start_only[i];
	return NULL;
}

static bool has_line(struct str lines, struct str wanted)
{
	struct str line;

	while (str_cut(lines, '\n', &line, &lines))
		if (str_equal(line, wanted))
			return true;
	return false;
}

/* Those told before and not now are no lists of ours any more. */
static void forget_lists(struct watch *w, struct str before)
{
	char name[PATH_MAX + 16];
	struct str line;

	while (str_cut(before, '\n', &line, &before)) {
		if (line.len >= sizeof(name) || has_line(buf_view(&w->lists_told), line))
			continue;
		memcpy(name, line.at, line.len);
		name[line.len] = '\0';
		relay_source_gone(w, name);
	}
}

static int read_lists(struct watch *w, const struct settings *next, struct error *why)
{
	CLEANUP(buf_fini) struct buf before = w->lists_told;

	w->lists_told = (struct buf){0};
	int lists = watch_share_lists(w, next, why);
	if (lists < 0)
		return lists;
	forget_lists(w, buf_view(&before));
	if (w->lists >= 0)
		close(w->lists);
	w->lists = lists;
	return 0;
}

bool watch_reload(struct watch *w, struct settings **next)
{
	struct error why = {0};
	const char *name = first_that_needs_a_start(w, *next);
	int rules = watch_host_rules_changed(w, *next, &why);

	if (rules < 0) {
		log_error("the settings are kept as they were: %s", why.text);
		return true;
	}
	if (rules > 0)
		name = "host.yara";
	if (name) {
		log_info("%s has changed: all is started anew, and for about a second nothing is "
			 "looked at",
			 name);
		return false;
	}
	if (read_lists(w, *next, &why) < 0) {
		log_error("the settings are kept as they were: %s", why.text);
		return true;
	}
	settings_free(w->owned);
	*w->owned = *next;
	w->settings = *next;
	*next = NULL;
	workers_retell(w);
	watch_interfaces_again(w);
	events_retime(w);
	relay_sources(w);
	log_info("the settings were read again; watching with %zu sensor%s goes on",
		 w->sensor_count, w->sensor_count == 1 ? "" : "s");
	return true;
}
