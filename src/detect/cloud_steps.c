#include "detect/cloud_steps.h"

#include "base/shell_word.h"

enum { WORDS_MAX = 40 };

struct words {
	struct str at[WORDS_MAX];
	size_t count;
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

static void add(struct words *words, struct str word)
{
	if (words->count < WORDS_MAX)
		words->at[words->count++] = word;
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

static struct str command(struct arena *scratch, const struct words *words)
{
	return cloud_command(scratch, words->at, words->count);
}

/* The name at the end of arn:aws:iam::111122223333:user/path/NAME, when it is one of this kind. */
static struct str name_in_arn(struct str arn, const char *kind)
{
	ptrdiff_t at = str_find(arn, str_from(kind));

	if (!str_starts(arn, STR("arn:")) || at < 0)
		return (struct str){0};
	return str_file_name(str_skip(arn, (size_t)at));
}

static void deactivate_keys(struct finding *finding, struct arena *scratch,
			    const struct identity *identity, struct str user)
{
	for (int i = 0; i < IDENTITY_KEYS; i++) {
		struct str key = str_from(identity->keys[i].text);
		if (identity->keys[i].order == 0 || !str_starts(key, STR("AKIA")))
			continue;
		struct words off = {0}, on;
		add_all(&off, "aws iam update-access-key --user-name");
		add(&off, user);
		add_all(&off, "--access-key-id");
		add(&off, key);
		on = off;
		add_all(&off, "--status Inactive");
		add_all(&on, "--status Active");
		finding_add_action(
			finding,
			(struct action){arena_printf(scratch, "Switch off the access key %.*s",
						     STR_ARG(key)),
					command(scratch, &off), command(scratch, &on)});
	}
}

/* Sessions that were begun before now lose every right; new ones, of who still may, have them. */
static void revoke_sessions(struct finding *finding, struct arena *scratch, const char *what,
			    struct str name, instant now)
{
	CLEANUP(buf_fini) struct buf policy = {.limit = 1024};
	struct words put = {0}, undo = {0};

	buf_add_text(&policy, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\","
			      "\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"DateLessThan\":"
			      "{\"aws:TokenIssueTime\":\"");
	buf_add_instant(&policy, (instant){now.ns - now.ns % 1000000000});
	buf_add_text(&policy, "\"}}}]}");
	add_all(&put, "aws iam");
	add(&put, arena_printf(scratch, "put-%s-policy", what));
	add(&put, arena_printf(scratch, "--%s-name", what));
	add(&put, name);
	add_all(&put, "--policy-name DavyRevokeSessions --policy-document");
	add(&put, buf_view(&policy));
	add_all(&undo, "aws iam");
	add(&undo, arena_printf(scratch, "delete-%s-policy", what));
	add(&undo, arena_printf(scratch, "--%s-name", what));
	add(&undo, name);
	add_all(&undo, "--policy-name DavyRevokeSessions");
	finding_add_action(finding,
			   (struct action){STR("Take all rights from sessions that exist now"),
					   command(scratch, &put), command(scratch, &undo)});
}

static void stop_aws(struct finding *finding, struct arena *scratch,
		     const struct identity *identity, instant now)
{
	struct str arn = str_from(identity->name);
	struct str user = name_in_arn(arn, ":user/"), role = name_in_arn(arn, ":role/");

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

static void stop_azure(struct finding *finding, struct arena *scratch,
		       const struct identity *identity)
{
	struct str name = str_from(identity->name);
	struct words off = {0}, on;

	if (str_find_byte(name, '@') < 0) { /* an application or a managed identity */
		add_all(&off, "az ad sp update --id");
		add(&off, name);
		on = off;
		add_all(&off, "--set accountEnabled=false");
		add_all(&on, "--set accountEnabled=true");
	} else {
		add_all(&off, "az ad user update --id");
		add(&off, name);
		on = off;
		add_all(&off, "--account-enabled false");
		add_all(&on, "--account-enabled true");
	}
	finding_add_action(finding, (struct action){STR("Disable the account"),
						    command(scratch, &off), command(scratch, &on)});
	if (str_find_byte(name, '@') < 0)
		return;
	struct words revoke = {0};
	add_all(&revoke, "az rest --method POST --url");
	add(&revoke,
	    arena_printf(scratch,
			 "https://graph.microsoft.com/v1.0/users/%.*s/revokeSignInSessions",
			 STR_ARG(name)));
	finding_add_action(
		finding,
		(struct action){STR("End the account's sessions"), command(scratch, &revoke), {0}});
}

static void stop_gcp(struct finding *finding, struct arena *scratch,
		     const struct identity *identity)
{
	struct str name = str_from(identity->name);
	struct words off = {0}, on = {0};

	if (!str_ends(name, STR(".gserviceaccount.com"))) {
		finding_add_action(
			finding,
			(struct action){.text = STR("Suspend the user in the Workspace admin "
						    "console, which ends its sessions")});
		return;
	}
	add_all(&off, "gcloud iam service-accounts disable");
	add(&off, name);
	add_all(&on, "gcloud iam service-accounts enable");
	add(&on, name);
	finding_add_action(finding, (struct action){STR("Disable the service account"),
						    command(scratch, &off), command(scratch, &on)});
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

	add_all(&stop, "aws ec2 stop-instances --region");
	add_all(&start, "aws ec2 start-instances --region");
	add(&stop, region);
	add(&start, region);
	add(&stop, STR("--instance-ids"));
	add(&start, STR("--instance-ids"));
	for (size_t i = 0; i < count; i++) {
		add(&stop, ids[i]);
		add(&start, ids[i]);
	}
	finding_add_action(
		finding,
		(struct action){arena_printf(scratch, "Stop the machines in %.*s", STR_ARG(region)),
				command(scratch, &stop), command(scratch, &start)});
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
		add_all(&stop, "az vm deallocate --ids");
		add(&stop, id);
		add_all(&start, "az vm start --ids");
		add(&start, id);
	} else if (provider == PROVIDER_AZURE &&
		   str_find_nocase(id, STR("/virtualMachineScaleSets/")) >= 0) {
		add_all(&stop, "az vmss deallocate --ids");
		add(&stop, id);
		add_all(&start, "az vmss start --ids");
		add(&start, id);
	} else if (provider == PROVIDER_GCP && cut_gcp(id, &project, &zone, &name)) {
		const struct str more[] = {name, STR("--zone"), zone, STR("--project"), project};
		add_all(&stop, "gcloud compute instances stop");
		add_all(&start, "gcloud compute instances start");
		for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
			add(&stop, more[i]);
			add(&start, more[i]);
		}
	} else {
		return;
	}
	finding_add_action(finding,
			   (struct action){STR("Stop the machine, keeping its disk"),
					   command(scratch, &stop), command(scratch, &start)});
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
