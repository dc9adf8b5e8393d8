#include "detect/hybrid/report.h"

#include <inttypes.h>
#include <string.h>

#include "detect/cloud_steps.h"

static const char *const providers[] = {"", "aws", "azure", "gcp", "kubernetes"};

static struct str address_in(struct arena *scratch, const struct address *address)
{
	char text[ENDPOINT_TEXT_MAX];

	return arena_copy(scratch, address_text(address, text));
}

static void reason_of_link(const struct suspect *suspect, struct finding *finding,
			   struct arena *scratch)
{
	const struct root *root = suspect->root;
	struct str key = arena_printable(scratch, str_from(root->credential->by), 64);

	switch (suspect->link) {
	case LINK_OWN:
		finding_add_reason(
			finding, arena_printf(scratch, "its key %.*s looks stolen", STR_ARG(key)));
		break;
	case LINK_GIVEN:
		finding_add_reason(finding,
				   arena_printf(scratch,
						"the key %.*s, which looks stolen, gave it the "
						"session that it acted with",
						STR_ARG(key)));
		break;
	case LINK_ADDRESS:
		finding_add_reason(
			finding, arena_printf(scratch,
					      "it acted from %.*s, where the key %.*s, which looks "
					      "stolen, is used from",
					      STR_ARG(address_in(
						      scratch, &root->stolen.outside[0]->address)),
					      STR_ARG(key)));
		break;
	}
	if (root->stolen.outside_count > 0 && suspect->link != LINK_ADDRESS)
		finding_add_reason(
			finding,
			arena_printf(
				scratch,
				"only what came from where the thief is (%.*s) is told here",
				STR_ARG(address_in(scratch, &root->stolen.outside[0]->address))));
	facts_add_text(&finding->facts, "key_id", str_from(root->credential->by));
}

static struct str lines(const struct impact_list *list, struct arena *scratch)
{
	CLEANUP(buf_fini) struct buf text = {.limit = 2048};

	for (size_t i = 0; i < list->count && i < 3; i++) {
		buf_add_text(&text, i == 0 ? "" : "; ");
		buf_add(&text, list->at[i]);
	}
	if (list->count > 3)
		buf_printf(&text, "; and %zu more", list->count - 3 + list->missed);
	return arena_copy(scratch, buf_view(&text));
}

static void add_impact(const struct impact *impact, struct finding *finding, struct arena *scratch)
{
	struct facts *facts = &finding->facts;

	finding_add_reason(finding, arena_printf(scratch, "it touched %.*s",
						 STR_ARG(lines(&impact->touched, scratch))));
	if (impact->cannot_tell.count > 0)
		finding_add_reason(
			finding,
			arena_printf(scratch,
				     "of %zu place(s) nobody can tell whether they were touched",
				     impact->cannot_tell.count + impact->cannot_tell.missed));
	facts_add_texts(facts, "touched", impact->touched.at, impact->touched.count);
	facts_add_texts(facts, "not_touched", impact->not_touched.at, impact->not_touched.count);
	facts_add_texts(facts, "cannot_tell", impact->cannot_tell.at, impact->cannot_tell.count);
	size_t missed =
		impact->touched.missed + impact->not_touched.missed + impact->cannot_tell.missed;
	if (missed > 0)
		facts_add_number(facts, "places_not_listed", missed);
	facts_add_number(facts, "objects", impact->objects);
	facts_add_number(facts, "bytes", impact->bytes);
	for (size_t i = 0; i < impact->evidence_count; i++)
		kept_evidence_add(finding, &impact->evidence[i]->evidence);
}

static void add_computing(const struct hybrid_case *of, struct finding *finding,
			  struct arena *scratch)
{
	if (of->milli_units == 0)
		return;
	finding_add_reason(
		finding, arena_printf(scratch,
				      "the same hand created computing: %.6g vCPUs (a GPU counted "
				      "as eight)",
				      (double)of->milli_units / 1000));
	facts_add_real(&finding->facts, "computing_units", (double)of->milli_units / 1000);
	keep_times(&finding->first_seen, &finding->last_seen, of->created_first);
	kept_evidence_add(finding, of->created);
}

/* Empty when the name cannot stand in a command, or only its beginning was kept. */
static struct str words(struct arena *scratch, const char *before, const char *what,
			const char *after)
{
	CLEANUP(buf_fini) struct buf text = {.limit = 2048};
	const struct str one = str_from(what);
	const struct str word = cloud_command(scratch, &one, 1);

	if (!cloud_name_is_plain(one) || one.len >= PLACE_MAX - 1 || word.len == 0)
		return (struct str){0};
	buf_add_text(&text, before);
	buf_add(&text, word);
	buf_add_text(&text, after);
	return arena_copy(scratch, buf_view(&text));
}

static struct action close_aws(const struct touch *touch, struct arena *scratch)
{
	if (touch->kind == DATA_OPEN)
		return (struct action){
			STR("Close the bucket to everybody"),
			words(scratch, "aws s3api put-public-access-block --bucket ", touch->place,
			      " --public-access-block-configuration BlockPublicAcls=true,"
			      "IgnorePublicAcls=true,BlockPublicPolicy=true,"
			      "RestrictPublicBuckets=true"),
			words(scratch, "aws s3api delete-public-access-block --bucket ",
			      touch->place, "")};
	if (strcmp(touch->place_kind, "snapshot") == 0) {
		struct str whom = touch->is_public
					  ? STR(" --group-names all")
					  : words(scratch, " --user-ids ", touch->whom, "");
		struct str taken = words(
			scratch, "aws ec2 modify-snapshot-attribute --snapshot-id ", touch->place,
			" --attribute createVolumePermission --operation-type ");
		if (whom.len == 0 || taken.len == 0)
			return (struct action){.text = STR("Stop sharing the snapshot")};
		return (struct action){
			STR("Stop sharing the snapshot"),
			arena_printf(scratch, "%.*sremove%.*s", STR_ARG(taken), STR_ARG(whom)),
			arena_printf(scratch, "%.*sadd%.*s", STR_ARG(taken), STR_ARG(whom))};
	}
	if (strcmp(touch->place_kind, "image") == 0)
		return (struct action){
			.text = STR("Stop sharing the image"),
			.command = words(scratch, "aws ec2 reset-image-attribute --image-id ",
					 touch->place, " --attribute launchPermission")};
	return (struct action){.text = STR("Stop sharing the database snapshot: take the foreign "
					   "account off its attribute \"restore\"")};
}

static struct action close_azure(const struct touch *touch, struct arena *scratch)
{
	if (touch->kind == DATA_KEYS)
		return (struct action){
			.text = STR("Renew the storage account's keys (do it for primary and "
				    "secondary)"),
			.command =
				words(scratch, "az storage account keys renew --key primary --ids ",
				      touch->place, "")};
	if (touch->kind == DATA_OPEN)
		return (struct action){
			STR("Close the storage account to everybody"),
			words(scratch,
			      "az storage account update --allow-blob-public-access false "
			      "--ids ",
			      touch->place, ""),
			words(scratch,
			      "az storage account update --allow-blob-public-access true "
			      "--ids ",
			      touch->place, "")};
	return (struct action){
		.text = STR("Take back the link by which the disk can be downloaded"),
		.command = words(scratch,
				 strcmp(touch->place_kind, "disk") == 0
					 ? "az disk revoke-access --ids "
					 : "az snapshot revoke-access --ids ",
				 touch->place, "")};
}

static struct action close_gcp(const struct touch *touch, struct arena *scratch)
{
	if (touch->kind != DATA_OPEN)
		return (struct action){0};
	return (struct action){
		STR("Close the bucket to everybody"),
		words(scratch, "gcloud storage buckets update --public-access-prevention gs://",
		      touch->place, ""),
		words(scratch, "gcloud storage buckets update --no-public-access-prevention gs://",
		      touch->place, "")};
}

static void add_closing(const struct hybrid_case *of, struct touch *const *touches, size_t count,
			struct finding *finding, struct arena *scratch)
{
	for (size_t i = 0; i < count; i++) {
		const struct touch *touch = touches[i];
		bool is_open = touch->kind == DATA_OPEN || touch->kind == DATA_SHARE ||
			       touch->kind == DATA_KEYS;
		if (!is_open || !touch->place[0] || !impact_counts(of->suspect, touch))
			continue;
		finding_add_action(finding,
				   touch->provider == PROVIDER_AWS     ? close_aws(touch, scratch)
				   : touch->provider == PROVIDER_AZURE ? close_azure(touch, scratch)
								       : close_gcp(touch, scratch));
	}
}

static void rate(const struct hybrid_case *of, const struct impact *impact, struct finding *finding)
{
	bool is_out = impact->is_open || impact->is_shared || impact->has_keys;

	finding->verdict = VERDICT_ACCESS;
	if (of->suspect) {
		finding->confidence = of->suspect->confidence;
		finding->severity =
			of->milli_units > 0 || is_out ? SEVERITY_CRITICAL : SEVERITY_HIGH;
		if (finding->confidence < 0.5)
			finding->severity = SEVERITY_MEDIUM;
		return;
	}
	if (of->hand->agents & AGENT_ATTACK) {
		finding->confidence = 0.6;
		finding->severity = SEVERITY_HIGH;
	} else if (impact->is_public) {
		finding->confidence = 0.5;
		finding->severity = SEVERITY_MEDIUM;
	} else {
		finding->verdict = VERDICT_SIGNAL;
		finding->confidence = 0.3;
		finding->severity = SEVERITY_LOW;
	}
}

static void add_whom(const struct hybrid_case *of, struct finding *finding, struct arena *scratch)
{
	const struct identity *hand = of->hand;

	finding->subject.type = STR("identity");
	facts_add_text(&finding->subject.keys, "provider", str_from(providers[hand->provider]));
	facts_add_text(&finding->subject.keys, "name", str_from(hand->by));
	facts_add_text(&finding->actor, "identity", str_from(hand->name));
	facts_add_text(&finding->actor, "account", str_from(hand->account));
	facts_add_text(&finding->facts, "identity", str_from(hand->name));
	struct str *keys = arena_take(scratch, IDENTITY_KEYS * sizeof(*keys));
	struct str *from = arena_take(scratch, IDENTITY_NETWORKS * sizeof(*from));
	size_t key_count = 0, from_count = 0;
	for (int i = 0; keys && i < IDENTITY_KEYS; i++)
		if (hand->keys[i].order)
			keys[key_count++] = str_from(hand->keys[i].text);
	for (int i = 0; from && i < IDENTITY_NETWORKS; i++)
		if (hand->networks[i].order)
			from[from_count++] = address_in(scratch, &hand->networks[i].address);
	facts_add_texts(&finding->facts, "key_ids", keys, keys ? key_count : 0);
	facts_add_texts(&finding->facts, "addresses", from, from ? from_count : 0);
}

void hybrid_report(const struct hybrid_case *of, const struct impact *impact,
		   struct touch *const *touches, size_t touch_count, instant now,
		   struct arena *scratch, struct record_teller *teller)
{
	struct finding finding = {.first_seen = impact->first, .last_seen = impact->last};
	const char *name = of->hand->name[0] ? of->hand->name : of->hand->by;
	struct str who = arena_printable(scratch, str_from(name), 120);

	rate(of, impact, &finding);
	finding.title = arena_printf(scratch, "Data touched by %s%.*s%s",
				     of->suspect ? "a stolen hand, " : "", STR_ARG(who),
				     of->milli_units > 0 ? ", which also creates computing" : "");
	add_whom(of, &finding, scratch);
	finding_add_technique(&finding, STR("T1530"));
	if (impact->is_shared)
		finding_add_technique(&finding, STR("T1537"));
	if (of->milli_units > 0)
		finding_add_technique(&finding, STR("T1496.001"));
	if (of->suspect)
		finding_add_technique(&finding, STR("T1078.004"));
	add_impact(impact, &finding, scratch);
	if (of->suspect)
		reason_of_link(of->suspect, &finding, scratch);
	else if (of->hand->agents & AGENT_ATTACK)
		finding_add_reason(&finding,
				   STR("it calls itself a system or tool made for attacks"));
	else
		finding_add_reason(&finding, STR("nothing says that its key was stolen"));
	add_computing(of, &finding, scratch);
	if (finding.verdict == VERDICT_ACCESS) {
		add_closing(of, touches, touch_count, &finding, scratch);
		cloud_steps_stop_identity(&finding, scratch, of->hand, now);
		if (impact->cannot_tell.count > 0)
			finding_add_action(
				&finding,
				(struct action){
					.text = STR("Turn on data events for the places of which "
						    "nobody can "
						    "tell: the next time they will be told")});
	}
	teller->tell(teller, &finding);
	arena_reset(scratch);
}
