#include "report/process_text.h"

#include <inttypes.h>

#include "model/process.h"
#include "report/lines.h"

struct telling {
	struct buf *out;
	const struct report_style *style;
	const struct facts *facts, *keys;
};

static void end_line(const struct telling *t)
{
	buf_add_byte(t->out, '\n');
}

/* A fact after some words; nothing without it. */
static bool add(const struct telling *t, const char *before, const char *name)
{
	struct str text = facts_text(t->facts, str_from(name));

	if (text.len == 0)
		return false;
	buf_add_text(t->out, before);
	report_hostile(t->out, text);
	return true;
}

static bool is_true(const struct telling *t, const char *name)
{
	const struct fact *fact = facts_find(t->facts, str_from(name));

	return fact && fact->kind == FACT_TRUTH && fact->truth;
}

/* "where     pid 4711 on web-1, as user 1000, nginx.service" */
static void add_where(const struct telling *t)
{
	const struct fact *pid = facts_find(t->keys, STR("pid"));
	struct str host = facts_text(t->keys, STR("host"));

	report_label(t->out, t->style, "where");
	if (pid)
		buf_printf(t->out, "process %" PRIu64, pid->number);
	else
		buf_printf(t->out, "%" PRIu64 " processes",
			   facts_number(t->facts, STR("processes")));
	if (host.len > 0) {
		buf_add_text(t->out, " on ");
		report_hostile(t->out, host);
	}
	buf_printf(t->out, ", as user %" PRIu64, facts_number(t->facts, STR("uid")));
	(void)add(t, ", in ", "unit");
	if (add(t, ", container ", "container") &&
	    !str_equal(facts_text(t->facts, STR("runtime")),
		       str_from(container_runtime_name(CONTAINER_OTHER))))
		(void)add(t, " of ", "runtime");
	(void)add(t, ", pod ", "pod");
	(void)add(t, ", image ", "image_name");
	end_line(t);
}

static void add_program(const struct telling *t)
{
	report_label(t->out, t->style, "program");
	if (!add(t, "", "executable"))
		buf_add_text(t->out, "not known");
	if (is_true(t, "executable_deleted"))
		buf_add_text(t->out, ", deleted since");
	if (is_true(t, "executable_never_a_file"))
		buf_add_text(t->out, ", never a file");
	(void)add(t, "; calls itself ", "name");
	end_line(t);
	lines_text(t->out, t->style, "run as", facts_text(t->facts, STR("arguments")));
	lines_text(t->out, t->style, "sha256", facts_text(t->facts, STR("sha256")));
}

/* "Chromium, profile /srv/u/x, whose own process is 4711" */
static void add_browser(const struct telling *t)
{
	if (facts_text(t->facts, STR("browser")).len == 0)
		return;
	report_label(t->out, t->style, "browser");
	(void)add(t, "", "browser");
	(void)add(t, ", profile ", "browser_profile");
	buf_printf(t->out, "; its own process is %" PRIu64,
		   facts_number(t->facts, STR("browser_pid")));
	end_line(t);
	lines_text(t->out, t->style, "site", facts_text(t->facts, STR("site")));
}

static void add_load(const struct telling *t)
{
	const struct fact *cores = facts_find(t->facts, STR("cores_used"));

	if (!cores || cores->kind != FACT_REAL)
		return;
	report_label(t->out, t->style, "takes");
	if (cores->real < 0.995)
		buf_printf(t->out, "%.0f %% of one core", 100 * cores->real);
	else
		buf_printf(t->out, "%.1f cores", cores->real);
	end_line(t);
}

static void add_list(const struct telling *t, const char *label, const char *name)
{
	const struct fact *fact = facts_find(t->facts, str_from(name));

	if (fact && fact->kind == FACT_TEXTS)
		lines_list(t->out, t->style, label, fact->texts, fact->text_count, 0);
}

bool report_process(struct buf *out, const struct report_style *style,
		    const struct finding *finding)
{
	const struct telling t = {out, style, &finding->facts, &finding->subject.keys};

	if (!str_equal(finding->subject.type, STR("process")) &&
	    !str_equal(finding->subject.type, STR("workload")))
		return false;
	add_where(&t);
	add_browser(&t);
	add_program(&t);
	add_load(&t);
	add_list(&t, "started by", "parents");
	add_list(&t, "stays by", "stays_by");
	add_list(&t, "speaks with", "connected_to");
	return true;
}
