#include "programs/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"
#include "model/line.h"
#include "programs/commands.h"
#include "programs/setting_value.h"

enum { TEXT_MAX = 2000 };

/* DAVY_NOW, an RFC 3339 time, stands in for the clock in tests. */
static instant read_clock(void)
{
	const char *fixed = getenv("DAVY_NOW");
	struct timespec time;
	instant now;

	if (fixed && instant_parse(str_from(fixed), &now))
		return now;
	clock_gettime(CLOCK_REALTIME, &time);
	return instant_at(time.tv_sec, time.tv_nsec);
}

static bool wants_colour(void)
{
	const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_colour && *no_colour) && terminal &&
	       strcmp(terminal, "dumb") != 0;
}

void view_trouble(const char *what)
{
	CLEANUP(buf_fini) struct buf shown = {0};

	buf_add_printable(&shown, str_from(what), TEXT_MAX);
	fprintf(stderr, "davy: %.*s\n", (int)shown.len, shown.at);
}

static bool open_store(struct view *view)
{
	const char *path =
		view->store_path ? view->store_path : settings_text(view->settings, "store.path");
	CLEANUP(buf_fini) struct buf told = {0};
	struct error why = {0};

	int result = store_open(path, STORE_READ, &view->store, &why);
	if (result == 0)
		return true;
	buf_add_text(&told, why.text);
	if (result == -ENOENT)
		buf_add_text(&told,
			     ": davy watch has not run here, or name the right one with --store");
	buf_add_byte(&told, '\0');
	view_trouble(told.failed ? why.text : told.at);
	return false;
}

bool view_open_without_store(struct view *view)
{
	struct error why = {0};

	view->now = read_clock();
	view->has_colour = !view->is_json && wants_colour();
	if (settings_load(view->config, &view->settings, &why) != 0) {
		view_trouble(why.text);
		return false;
	}
	if (arena_init(&view->arena, LINE_ARENA_BYTES) != 0) {
		view_trouble("no memory");
		return false;
	}
	return true;
}

bool view_open(struct view *view)
{
	return view_open_without_store(view) && open_store(view);
}

void view_flush(struct view *view)
{
	struct str rest = buf_view(&view->out);

	if (view->out.failed)
		view->failed = true;
	while (rest.len > 0 && !view->failed) {
		ssize_t wrote = write(STDOUT_FILENO, rest.at, rest.len);
		if (wrote < 0 && errno == EINTR)
			continue;
		view->failed = wrote <= 0;
		if (!view->failed)
			rest = str_skip(rest, (size_t)wrote);
	}
	buf_clear(&view->out);
}

int view_close(struct view *view, int status)
{
	view_flush(view);
	if (view->failed)
		view_trouble("cannot write to standard output");
	store_close(&view->store);
	settings_free(&view->settings);
	arena_fini(&view->arena);
	buf_fini(&view->out);
	return view->failed ? EXIT_TROUBLE : status;
}

static const char *const paints[] = {
	[PAINT_PLAIN] = "",	    [PAINT_BOLD] = "\x1b[1m",	 [PAINT_FAINT] = "\x1b[2m",
	[PAINT_RED] = "\x1b[1;31m", [PAINT_YELLOW] = "\x1b[33m", [PAINT_GREEN] = "\x1b[32m",
};

static void begin_paint(struct view *view, enum paint paint)
{
	if (view->has_colour)
		buf_add_text(&view->out, paints[paint]);
}

static void end_paint(struct view *view, enum paint paint)
{
	if (view->has_colour && paint != PAINT_PLAIN)
		buf_add_text(&view->out, "\x1b[0m");
}

void view_add(struct view *view, const char *literal)
{
	buf_add_text(&view->out, literal);
}

void view_hostile(struct view *view, struct str text)
{
	buf_add_printable(&view->out, text, TEXT_MAX);
}

void view_painted(struct view *view, enum paint paint, struct str text)
{
	begin_paint(view, paint);
	view_hostile(view, text);
	end_paint(view, paint);
}

static size_t count_columns(struct str text)
{
	size_t columns = 0, len;
	uint32_t rune;

	for (; text.len > 0; text = str_skip(text, len ? len : 1), columns++)
		len = utf8_decode(text, &rune);
	return columns;
}

void view_cell(struct view *view, enum paint paint, struct str text, size_t width)
{
	begin_paint(view, paint);
	size_t start = view->out.len;
	view_hostile(view, text);
	size_t columns = count_columns(str_skip(buf_view(&view->out), start));
	end_paint(view, paint);
	do
		buf_add_byte(&view->out, ' ');
	while (++columns < width);
}

void view_heading(struct view *view, const char *heading)
{
	view_add(view, "\n");
	view_painted(view, PAINT_BOLD, str_from(heading));
	view_add(view, "\n");
}

void view_time(struct view *view, instant at)
{
	int64_t part = at.ns % 1000000000;

	buf_add_instant(&view->out, (instant){at.ns - (part < 0 ? part + 1000000000 : part)});
}

enum paint verdict_paint(enum verdict verdict)
{
	return verdict == VERDICT_MINING   ? PAINT_RED
	       : verdict == VERDICT_SIGNAL ? PAINT_PLAIN
					   : PAINT_YELLOW;
}

bool since_parse(struct str text, instant now, instant *out)
{
	char day[32];
	duration span;

	if (duration_parse(text, &span)) {
		*out = (instant){now.ns - span.ns};
		return true;
	}
	int len = snprintf(day, sizeof(day), "%.*sT00:00:00Z", STR_ARG(str_sub(text, 0, 16)));
	return instant_parse(text, out) || instant_parse(str_of(day, (size_t)len), out);
}
