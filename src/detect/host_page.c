#include "detect/host_page.h"

#include <inttypes.h>

enum { NAME_MOST = 60 };

bool host_page_is_one(const struct host_case *host_case)
{
	return host_case->workload->browser && !host_case->is_spread;
}

struct str host_page_text(const struct workload *workload, struct arena *scratch)
{
	const struct browser_process *browser = workload->browser;
	struct str name = arena_printable(scratch, browser->name, NAME_MOST);

	return arena_printf(scratch, "%s in %.*s, pid %" PRIu32,
			    browser->role == BROWSER_EXTENSION ? "extension" : "page",
			    STR_ARG(name), workload->process->key.pid);
}

void host_page_tell(const struct host_case *host_case, struct finding *out)
{
	const struct browser_process *browser = host_case->workload->browser;
	struct facts *facts = &out->facts;

	if (!browser)
		return;
	facts_add_text(facts, "browser", browser->name);
	facts_add_text(facts, "browser_profile",
		       browser->profile.len > 0 ? browser->profile : STR("its default one"));
	facts_add_number(facts, "browser_pid", browser->main_pid);
}

/* Only the browser itself knows which page this is; nothing outside of it says so. */
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
		(struct action){
			.text = arena_printf(
				scratch,
				"Which page it is cannot be seen from outside %.*s: %s; close "
				"%s of process %" PRIu32 " (pages of one site may share it)",
				STR_ARG(arena_printable(scratch, browser->name, NAME_MOST)), way,
				browser->role == BROWSER_EXTENSION ? "and remove the extension"
								   : "the page",
				workload->process->key.pid)});
}
