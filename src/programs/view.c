#include "programs/clock.h"
#include "programs/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/line.h"
#include "programs/commands.h"
#include "programs/setting_value.h"
#include "programs/terminal.h"

enum { TEXT_MAX = 2000 };

/* DAVY_NOW, an RFC 3339 time, stands in for the clock in tests. */
static instant read_clock(void)
{
	const char *fixed = getenv("DAVY_NOW");
	instant now;

	if (fixed && instant_parse(str_from(fixed), &now))
		return now;
	return clock_wall();
}

void view_trouble(const char *what)
{
	CLEANUP(buf_fini) struct buf shown = {0};

	buf_add_printable(&shown, str_from(what), TEXT_MAX);
	fprintf(stderr, "davy: %.*s\n", (int)shown.len, shown.at);
}

const char *view_store_path(const struct view *view)
{
	return view->store_path ? view->store_path : settings_text(view->settings, "store.path");
}

static bool open_store(struct view *view)
{
	const char *path = view_store_path(view);
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
	view->style = terminal_style();
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

void view_add(struct view *view, const char *literal)
{
	buf_add_text(&view->out, literal);
}

void view_hostile(struct view *view, struct str text)
{
	report_hostile(&view->out, text);
}

void view_painted(struct view *view, enum paint paint, struct str text)
{
	report_painted(&view->out, &view->style, paint, text);
}

void view_cell(struct view *view, enum paint paint, struct str text, size_t width)
{
	report_cell(&view->out, &view->style, paint, text, width);
}

void view_heading(struct view *view, const char *heading)
{
	view_add(view, "\n");
	view_painted(view, PAINT_BOLD, str_from(heading));
	view_add(view, "\n");
}

void view_time(struct view *view, instant at)
{
	report_time(&view->out, at);
}

bool since_parse(struct str text, instant now, instant *out)
{
	duration span;

	if (duration_parse(text, &span)) {
		*out = (instant){now.ns - span.ns};
		return true;
	}
	return instant_parse(text, out) || instant_parse_day(text, out);
}
