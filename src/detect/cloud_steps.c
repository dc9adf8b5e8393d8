#include "detect/cloud_steps.h"

#include <string.h>

#include "base/shell_word.h"

enum { WORDS_MAX = 40 };

struct words {
	struct str at[WORDS_MAX];
	size_t count;
	bool is_refused;
};

struct str cloud_command(struct arena *scratch, const struct str *words, size_t count)
{
	CLEANUP(buf_fini) struct buf text = {.limit = 8192};

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_byte(&text, ' ');
		buf_add_shell_word(&text, words[i]);
	}
	return text.failed ? (struct str){0} : arena_copy(scratch, buf_view(&text));
}

/* Of what is longer than its place only the beginning is known, which may be another's name. */
static const char *whole(const char *kept, size_t cap)
{
	return strlen(kept) + 1 < cap ? kept : "";
}

bool cloud_name_is_plain(struct str name)
{
	static const struct str files[] = {STR("@"), STR("file://"), STR("fileb://"),
					   STR("http://"), STR("https://")};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (str_starts_nocase(name, files[i]))
			return false;
	return name.len > 0 && name.at[0] != '-' && str_find_byte(name, '\0') < 0;
}

static void add(struct words *words, struct str word)
{
	if (words->count < WORDS_MAX)
		words->at[words->count++] = word;
	else
		words->is_refused = true;
}

/* A name that a program would take for an option, or read a file for, is refused. */
static void add_name(struct words *words, struct str name)
{
	words->is_refused |= !cloud_name_is_plain(name);
	add(words, name);
}

/* Behind "=" a name that begins with a dash is one, too: IAM allows it. */
static void add_option(struct words *words, struct arena *scratch, const char *option,
		       struct str name)
{
	if (name.len == 0 || name.at[0] != '-') {
		add(words, str_from(option));
		add_name(words, name);
		return;
	}
	const struct str word = arena_printf(scratch, "%s=%.*s", option, STR_ARG(name));
	words->is_refused |= word.len == 0;
	add(words, word);
}

/* "a b c", the fixed part of a command. */
static void add_all(struct words *words, const char *fixed)
{
	struct str left = str_from(fixed), word;

	while (left.len > 0) {
		(void)str_cut(left, ' ', &word, &left);
		add(words, word);
	}
}

/* undo: NULL when nothing takes it back. Without a command the words say what is to be done. */
static void propose(struct finding *finding, struct arena *scratch, struct str text,
		    const struct words *does, const struct words *undo)
{
	struct action action = {.text = text};

	if (does->is_refused || (undo && undo->is_refused)) {
		action.text = arena_printf(scratch,
					   "%.*s by hand: its name is none that can safely be put "
					   "into a command",
					   STR_ARG(text));
	} else {
		action.command = cloud_command(scratch, does->at, does->count);
		if (undo)
			action.undo = cloud_command(scratch, undo->at, undo->count);
	}
	finding_add_action(finding, action);
}

/*
 * NAME of arn:aws:iam::111122223333:KIND/path/NAME. The kind stands right behind the fifth colon
 * and nowhere else: a path is its owner's to choose and may hold ":user/", too.
 */
static struct str name_in_arn(struct str arn, struct str kind)
{
	struct str part, rest = arn;

	if (!str_starts(arn, STR("arn:")))
		return (struct str){0};
	for (int i = 0; i < 5; i++)
		if (!str_cut(rest, ':', &part, &rest))
			return (struct str){0};
	return str_starts(rest, kind) ? str_file_name(rest) : (struct str){0};
}

static void deactivate_keys(struct finding *finding, struct arena *scratch,
			    const struct identity *identity, struct str user)
{
	for (int i = 0; i < IDENTITY_KEYS; i++) {
		struct str key = str_from(identity->keys[i].text);
		if (identity->keys[i].order == 0 || !str_starts(key, STR("AKIA")))
			continue;
		struct words off = {0}, on;
		add_all(&off, "aws iam update-access-key");
		add_option(&off, scratch, "--user-name", user);
		add_option(&off, scratch, "--access-key-id", key);
		on = off;
		add_all(&off, "--status Inactive");
		add_all(&on, "--status Active");
		propose(finding, scratch,
			arena_printf(scratch, "Switch off the access key %.*s",
				     STR_ARG(arena_printable(scratch, key, 64))),
			&off, &on);
	}
}

/* Sessions that were begun before now lose every right; new ones, of who still may, have them. */
static void revoke_sessions(struct finding *finding, struct arena *scratch, const char *what,
			    struct str name, instant now)
{
	CLEANUP(buf_fini) struct buf policy = {.limit = 1024};
	const struct str option = arena_printf(scratch, "--%s-name%c", what, '\0');
	struct words put = {0}, undo = {0};

	buf_add_text(&policy, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\","
			      "\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"DateLessThan\":"
			      "{\"aws:TokenIssueTime\":\"");
	buf_add_instant(&policy, (instant){now.ns - now.ns % 1000000000});
	buf_add_text(&policy, "\"}}}]}");
	if (option.len == 0)
		return;
	add_all(&put, "aws iam");
	add(&put, arena_printf(scratch, "put-%s-policy", what));
	add_option(&put, scratch, option.at, name);
	add_all(&put, "--policy-name DavyRevokeSessions --policy-document");
	add(&put, buf_view(&policy));
	add_all(&undo, "aws iam");
	add(&undo, arena_printf(scratch, "delete-%s-policy", what));
	add_option(&undo, scratch, option.at, name);
	add_all(&undo, "--policy-name DavyRevokeSessions");
	propose(finding, scratch, STR("Take all rights from sessions that exist now"), &put, &undo);
}

static void stop_aws(struct finding *finding, struct arena *scratch,
		     const struct identity *identity, instant now)
{
	const struct str arn = str_from(whole(identity->name, sizeof(identity->name)));
	const struct str user = name_in_arn(arn, STR("user/"));
	const struct str role = name_in_arn(arn, STR("role/"));

	if (arn.len == 0 && identity->name[0])
		finding_add_action(
			finding,
			(struct action){.text = STR("Take its rights away by hand: its name "
						    "is longer than is kept of one")});
	if (user.len > 0) {
		deactivate_keys(finding, scratch, identity, user);
		revoke_sessions(finding, scratch, "user", user, now);
	}
	if (role.len > 0)
		revoke_sessions(finding, scratch, "role", role, now);
	if (identity->kind == IDENTITY_ROOT)
		finding_add_action(
			finding,
			(struct action){.text = STR("Sign in as the account's root, change its "
						    "password and delete its access keys: no "
						    "command can do that for you")});
}

/* A guest is called NAME_DOMAIN#EXT#@TENANT, which ends an address at its first mark. */
static struct str in_address(struct arena *scratch, struct str name)
{
	CLEANUP(buf_fini) struct buf text = {.limit = 4096};

	for (size_t i = 0; i < name.len; i++) {
		const unsigned char c = (unsigned char)name.at[i];
		const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				      (c >= '0' && c <= '9') || (c && strchr("-._~@", c));
		if (is_plain)
			buf_add_byte(&text, (char)c);
		else
			buf_printf(&text, "%%%02X", c);
	}
	return arena_copy(scratch, buf_view(&text));
}

static void stop_azure(struct finding *finding, struct arena *scratch,
		       const struct identity *identity)
{
	const struct str name = str_from(whole(identity->name, sizeof(identity->name)));
	const bool is_person = str_find_byte(name, '@') >= 0;
	struct words off = {0}, on, revoke = {0};

	/* an application or a managed identity, else */
	add_all(&off, is_person ? "az ad user update" : "az ad sp update");
	add_option(&off, scratch, "--id", name);
	on = off;
	add_all(&off, is_person ? "--account-enabled false" : "--set accountEnabled=false");
	add_all(&on, is_person ? "--account-enabled true" : "--set accountEnabled=true");
	propose(finding, scratch, STR("Disable the account"), &off, &on);
	if (!is_person)
		return;
	add_all(&revoke, "az rest --method POST --url");
	const struct str shown = in_address(scratch, name);
	add(&revoke,
	    arena_printf(scratch,
			 "https://graph.microsoft.com/v1.0/users/%.*s/revokeSignInSessions",
			 STR_ARG(shown)));
	propose(finding, scratch, STR("End the account's sessions"), &revoke, NULL);
}

static void stop_gcp(struct finding *finding, struct arena *scratch,
		     const struct identity *identity)
{
	const struct str name = str_from(whole(identity->name, sizeof(identity->name)));
	struct words off = {0}, on = {0};

	if (!str_ends(name, STR(".gserviceaccount.com"))) {
		finding_add_action(
			finding,
			(struct action){.text = STR("Suspend the user in the Workspace admin "
						    "console, which ends its sessions")});
		return;
	}
	add_all(&off, "gcloud iam service-accounts disable");
	add_name(&off, name);
	add_all(&on, "gcloud iam service-accounts enable");
	add_name(&on, name);
	propose(finding, scratch, STR("Disable the service account"), &off, &on);
}

void cloud_steps_stop_identity(struct finding *finding, struct arena *scratch,
			       const struct identity *identity, instant now)
{
	switch (identity->provider) {
	case PROVIDER_AWS:
		stop_aws(finding, scratch, identity, now);
		break;
	case PROVIDER_AZURE:
		stop_azure(finding, scratch, identity);
		break;
	case PROVIDER_GCP:
		stop_gcp(finding, scratch, identity);
		break;
	default:
		break;
	}
}

static void stop_ec2(struct finding *finding, struct arena *scratch, struct str region,
		     const struct str *ids, size_t count)
{
	struct words stop = {0}, start = {0};

	add_all(&stop, "aws ec2 stop-instances");
	add_all(&start, "aws ec2 start-instances");
	add_option(&stop, scratch, "--region", region);
	add_option(&start, scratch, "--region", region);
	add(&stop, STR("--instance-ids"));
	add(&start, STR("--instance-ids"));
	for (size_t i = 0; i < count; i++) {
		add_name(&stop, ids[i]);
		add_name(&start, ids[i]);
	}
	propose(finding, scratch,
		arena_printf(scratch, "Stop the machines in %.*s",
			     STR_ARG(arena_printable(scratch, region, 64))),
		&stop, &start);
}

/* "projects/p/zones/z/instances/n": p, z and n. */
static bool cut_gcp(struct str path, struct str *project, struct str *zone, struct str *name)
{
	struct str word, left = path;

	*project = *zone = *name = (struct str){0};
	while (str_cut(left, '/', &word, &left)) {
		struct str value, rest;
		(void)str_cut(left, '/', &value, &rest);
		if (str_equal(word, STR("projects")))
			*project = value;
		else if (str_equal(word, STR("zones")))
			*zone = value;
		else if (str_equal(word, STR("instances")))
			*name = value;
	}
	return project->len > 0 && zone->len > 0 && name->len > 0;
}

static void stop_one(struct finding *finding, struct arena *scratch, enum record_provider provider,
		     struct str id)
{
	struct words stop = {0}, start = {0};
	struct str project, zone, name;

	if (provider == PROVIDER_AZURE && str_find_nocase(id, STR("/virtualMachines/")) >= 0) {
		add_all(&stop, "az vm deallocate");
		add_all(&start, "az vm start");
	} else if (provider == PROVIDER_AZURE &&
		   str_find_nocase(id, STR("/virtualMachineScaleSets/")) >= 0) {
		add_all(&stop, "az vmss deallocate");
		add_all(&start, "az vmss start");
	} else if (provider == PROVIDER_GCP && cut_gcp(id, &project, &zone, &name)) {
		add_all(&stop, "gcloud compute instances stop");
		add_all(&start, "gcloud compute instances start");
	} else {
		return;
	}
	struct words *const both[] = {&stop, &start};
	for (size_t i = 0; i < 2; i++) {
		if (provider == PROVIDER_AZURE) {
			add_option(both[i], scratch, "--ids", id);
			continue;
		}
		add_name(both[i], name);
		add_option(both[i], scratch, "--zone", zone);
		add_option(both[i], scratch, "--project", project);
	}
	propose(finding, scratch, STR("Stop the machine, keeping its disk"), &stop, &start);
}

void cloud_steps_stop_machines(struct finding *finding, struct arena *scratch,
			       enum record_provider provider, struct str region,
			       const struct str *ids, size_t count)
{
	if (provider == PROVIDER_AWS && count > 0)
		stop_ec2(finding, scratch, region, ids, count);
	for (size_t i = 0; i < count && provider != PROVIDER_AWS; i++)
		stop_one(finding, scratch, provider, ids[i]);
}
