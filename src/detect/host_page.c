#include "detect/host_page.h"

#include <inttypes.h>

enum { NAME_MOST = 60, SITE_MOST = 120 };

bool host_page_is_one(const struct host_case *host_case)
{
	return host_case->workload->browser && !host_case->is_spread;
}

static struct str site_text(const struct page_site *site, struct arena *scratch)
{
	return arena_printable(scratch, str_of(site->text, site->len), SITE_MOST);
}

/* Empty: it is not clear. */
static struct str clear_site(const struct workload *workload, struct arena *scratch)
{
	const struct page_sites *sites = workload->sites;

	return sites && sites->is_clear && sites->count > 0 ? site_text(&sites->at[0], scratch)
							    : (struct str){0};
}

struct str host_page_text(const struct workload *workload, struct arena *scratch)
{
	const struct browser_process *browser = workload->browser;
	struct str name = arena_printable(scratch, browser->name, NAME_MOST);
	struct str site = clear_site(workload, scratch);

	return arena_printf(scratch, "%s%s%.*s in %.*s, pid %" PRIu32,
			    browser->role == BROWSER_EXTENSION ? "extension" : "page",
			    site.len > 0 ? " of " : "", STR_ARG(site), STR_ARG(name),
			    workload->process->key.pid);
}

/* "3 records of the browser's own" */
static struct str records_text(const struct workload *workload, const struct page_site *site,
			       struct arena *scratch)
{
	const char *what = workload->browser->engine == ENGINE_FIREFOX ? "text" : "record";

	return arena_printf(scratch, "%" PRIu32 " %s%s of the browser's own", site->records, what,
			    site->records == 1 ? "" : "s");
}

static void tell_clear(const struct workload *workload, struct str text, struct arena *scratch,
		       struct finding *out)
{
	const struct page_site *site = &workload->sites->at[0];
	struct str records = records_text(workload, site, scratch);
	const char *why = workload->browser->engine == ENGINE_FIREFOX
				  ? "for that site, and what is named below it, the browser keeps "
				    "this process"
				  : "that is whose documents and workers the browser has in this "
				    "process";

	facts_add_text(&out->facts, "site", text);
	facts_add_text(&out->facts, "site_evidence",
		       arena_printf(scratch, "%.*s in the page's memory, none of another site",
				    STR_ARG(records)));
	finding_add_reason(
		out,
		arena_printf(scratch,
			     "the %s is of %.*s%s: %s (%.*s in its memory, none of another)",
			     workload->browser->role == BROWSER_EXTENSION ? "extension" : "page",
			     STR_ARG(text), site->is_opaque ? ", in a sandbox" : "", why,
			     STR_ARG(records)));
}

/* Several, or one while not all of its memory could be looked at. */
static void tell_candidates(const struct workload *workload, struct arena *scratch,
			    struct finding *out)
{
	const struct page_sites *sites = workload->sites;
	struct str *texts = arena_take(scratch, sizeof(*texts) * PAGE_SITES_TOLD);
	struct str list = {0}, more = {0};
	const char *why =
		sites->total < 2 ? "whose page it is is not sure, since not all of its memory was "
				   "read; it may be of"
		: workload->browser->engine == ENGINE_FIREFOX
			? "whose page it is is not clear: its memory names several sites, and a "
			  "page can make up such names:"
			: "pages of several sites run in this process, and which of them mines is "
			  "not clear:";

	for (size_t i = 0; texts && i < sites->count; i++) {
		/* how often a name stands there says nothing where a page can write it */
		struct str records =
			workload->browser->engine == ENGINE_FIREFOX
				? (struct str){0}
				: arena_printf(
					  scratch, " (%.*s)",
					  STR_ARG(records_text(workload, &sites->at[i], scratch)));
		texts[i] = site_text(&sites->at[i], scratch);
		list = arena_printf(scratch, "%.*s%s%.*s%.*s", STR_ARG(list), i > 0 ? ", " : "",
				    STR_ARG(texts[i]), STR_ARG(records));
	}
	if (!texts)
		return;
	if (sites->total > sites->count)
		more = arena_printf(scratch, " and %zu more", sites->total - sites->count);
	facts_add_texts(&out->facts, "site_candidates", texts, sites->count);
	finding_add_reason(out,
			   arena_printf(scratch, "%s %.*s%.*s", why, STR_ARG(list), STR_ARG(more)));
}

void host_page_tell(const struct host_case *host_case, struct arena *scratch, struct finding *out)
{
	const struct workload *workload = host_case->workload;
	const struct browser_process *browser = workload->browser;
	struct facts *facts = &out->facts;

	if (!browser)
		return;
	facts_add_text(facts, "browser", browser->name);
	facts_add_text(facts, "browser_profile",
		       browser->profile.len > 0 ? browser->profile : STR("its default one"));
	facts_add_number(facts, "browser_pid", browser->main_pid);
	if (host_case->is_spread)
		return;
	struct str site = clear_site(workload, scratch);
	if (site.len > 0)
		tell_clear(workload, site, scratch, out);
	else if (workload->sites && workload->sites->count > 0)
		tell_candidates(workload, scratch, out);
}

/* The site says what to look for, but a page in a frame stands in a tab of another address. */
static struct str what_to_find(const struct workload *workload, struct arena *scratch)
{
	struct str name = arena_printable(scratch, workload->browser->name, NAME_MOST);
	struct str site = clear_site(workload, scratch);

	if (site.len == 0)
		return arena_printf(scratch, "Which page it is cannot be seen from outside %.*s",
				    STR_ARG(name));
	if (workload->browser->role == BROWSER_EXTENSION)
		return arena_printf(scratch, "Find it among the extensions of %.*s, as %.*s",
				    STR_ARG(name), STR_ARG(site));
	return arena_printf(scratch,
			    "Find the tab in %.*s: it shows a page of %.*s, or has one in a frame",
			    STR_ARG(name), STR_ARG(site));
}

void host_page_tell_action(const struct workload *workload, struct arena *scratch,
			   struct finding *out)
{
	const struct browser_process *browser = workload->browser;
	const char *way =
		browser->engine == ENGINE_FIREFOX
			? "open about:processes in it, where each page has its process's number"
			: "open its task manager (Shift+Esc in a window of it, or the menu's More "
			  "tools), where each page has its process's number";

	finding_add_action(
		out,
		(struct action){.text = arena_printf(scratch,
						     "%.*s: %s; close %s of process %" PRIu32
						     " (pages of one site may share it)",
						     STR_ARG(what_to_find(workload, scratch)), way,
						     browser->role == BROWSER_EXTENSION
							     ? "and remove the extension"
							     : "the page",
						     workload->process->key.pid)});
}
