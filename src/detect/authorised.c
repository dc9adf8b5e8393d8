#include "detect/authorised.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "decode/proc/cgroup.h"

enum { CONTAINER_DIGITS_MIN = 12, CONTAINER_DIGITS_MAX = 64 };

#define HOW                                                                                    \
	"write it as `sha256:64-HEX-DIGITS until 2027-01-31 because REASON`; also unit:NAME, " \
	"container:ID and image:sha256:64-HEX-DIGITS"

/* As all tools write digests and ids; entries are compared as texts, too. */
static bool is_small_hex(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] >= 'A' && text.at[i] <= 'F')
			return false;
	return str_is_hex(text);
}

static void copy(char *out, struct str text)
{
	memcpy(out, text.at, text.len);
	out[text.len] = '\0';
}

/* -- an entry's words -- */

static bool read_sha256(struct str digits, struct authorisation *out, struct error *why)
{
	if (digits.len != 2 * sizeof(out->sha256) || !is_small_hex(digits) ||
	    str_decode_hex(digits, out->sha256, sizeof(out->sha256)) < 0)
		return error_set(why, 0,
				 "sha256: needs 64 small hex digits, as sha256sum writes them; "
				 "here are %zu characters",
				 digits.len) != 0;
	out->by = AUTHORISED_BY_SHA256;
	copy(out->name, digits);
	return true;
}

static bool read_unit(struct str name, struct authorisation *out, struct error *why)
{
	if (name.len == 0 || name.len >= sizeof(out->name) || str_find_byte(name, '.') <= 0 ||
	    str_find_byte(name, '/') >= 0)
		return error_set(why, 0,
				 "unit: needs a unit's whole name, as systemctl shows it, like "
				 "xmrig.service") != 0;
	out->by = AUTHORISED_BY_UNIT;
	copy(out->name, name);
	return true;
}

static bool read_container(struct str id, struct authorisation *out, struct error *why)
{
	if (id.len < CONTAINER_DIGITS_MIN || id.len > CONTAINER_DIGITS_MAX || !is_small_hex(id))
		return error_set(why, 0,
				 "container: needs the container's id, 12 hex digits or more, not "
				 "its name or image: `docker ps` shows it") != 0;
	out->by = AUTHORISED_BY_CONTAINER;
	copy(out->name, id);
	return true;
}

static bool read_image(struct str digest, struct authorisation *out, struct error *why)
{
	if (!str_starts(digest, STR("sha256:")) ||
	    !read_sha256(str_skip(digest, 7), out, &(struct error){0}))
		return error_set(why, 0,
				 "image: needs sha256: and 64 small hex digits, not the image's "
				 "name: `davy show` of a finding in it lists its digests, `docker "
				 "images --digests` shows one") != 0;
	out->by = AUTHORISED_BY_IMAGE;
	copy(out->name, digest);
	return true;
}

static bool read_who(struct str who, struct authorisation *out, struct error *why)
{
	struct str kind, name;

	if (!str_cut(who, ':', &kind, &name))
		return error_set(why, 0, HOW) != 0;
	if (str_equal(kind, STR("sha256")))
		return read_sha256(name, out, why);
	if (str_equal(kind, STR("unit")))
		return read_unit(name, out, why);
	if (str_equal(kind, STR("container")))
		return read_container(name, out, why);
	if (str_equal(kind, STR("image")))
		return read_image(name, out, why);
	return error_set(why, 0, "\"%.*s\" is not sha256, unit, container or image: " HOW,
			 (int)(kind.len < 32 ? kind.len : 32), kind.at) != 0;
}

/* The 31st of February is read as a day of March, and not taken. */
static bool is_that_day(instant at, struct str day)
{
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add_instant(&text, at);
	return str_starts(buf_view(&text), day);
}

static bool read_day(struct str day, struct authorisation *out, struct error *why)
{
	if (instant_parse_day(day, &out->ends) && is_that_day(out->ends, day)) {
		out->ends = instant_add(out->ends, DURATION_S(86400));
		copy(out->until, day);
		return true;
	}
	return error_set(why, 0, "\"%.*s\" is no day like 2027-01-31: " HOW,
			 (int)(day.len < 32 ? day.len : 32), day.at) != 0;
}

static struct str word(struct str *rest)
{
	struct str found;

	*rest = str_trim(*rest);
	str_cut(*rest, ' ', &found, rest);
	return found;
}

bool authorised_add(struct authorised *list, struct str text, struct error *why)
{
	struct authorisation one = {0};
	struct str rest = text, who = word(&rest), until = word(&rest), day = word(&rest),
		   because = word(&rest), reason = str_trim(rest);

	if (!read_who(who, &one, why))
		return false;
	if (!str_equal(until, STR("until")))
		return error_set(why, 0, "it says no day it ends on: " HOW) != 0;
	if (!read_day(day, &one, why))
		return false;
	if (!str_equal(because, STR("because")) || reason.len == 0)
		return error_set(why, 0, "it says no reason: " HOW) != 0;
	if (reason.len >= sizeof(one.reason))
		return error_set(why, 0, "its reason is longer than %d bytes",
				 AUTHORISED_REASON_MAX - 1) != 0;
	copy(one.reason, reason);
	if (list->count == AUTHORISED_MAX)
		return error_set(why, 0, "there are more than %d entries", AUTHORISED_MAX) != 0;
	list->at[list->count++] = one;
	return true;
}

bool authorised_wants_hash(const struct authorised *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->at[i].by == AUTHORISED_BY_SHA256)
			return true;
	return false;
}

/* -- whom it fits -- */

/*
 * systemd keeps units in slices. What is called a unit below another group is the word of whoever
 * that group was handed to: a container, or a service that makes groups of its own.
 */
static bool is_unit(struct str path, struct str name)
{
	struct str part = {0};

	do
		str_cut(path, '/', &part, &path);
	while (path.len > 0 && (part.len == 0 || str_ends(part, STR(".slice"))));
	return str_equal(part, name);
}

/* Who makes containers has them below its own unit, with some set-ups. */
static bool makes_containers(struct str unit)
{
	static const struct str units[] = {
		STR("containerd.service"),
		STR("docker.service"),
		STR("crio.service"),
		STR("cri-o.service"),
		STR("podman.service"),
		STR("kubelet.service"),
		STR("k3s.service"),
		STR("k3s-agent.service"),
		STR("rke2-server.service"),
		STR("rke2-agent.service"),
		STR("k0scontroller.service"),
		STR("k0sworker.service"),
		STR("snap.microk8s.daemon-containerd.service"),
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (str_equal(unit, units[i]))
			return true;
	return false;
}

/* "kubepods", "kubepods/burstable/pod<uid>", as the kubelet has them without systemd. */
static bool is_of_pods(struct str part, struct str rest)
{
	if (!str_equal(part, STR("kubepods")))
		return false;
	while (rest.len > 0) {
		str_cut(rest, '/', &part, &rest);
		if (part.len > 0 && !str_equal(part, STR("burstable")) &&
		    !str_equal(part, STR("besteffort")) && !str_starts(part, STR("pod")))
			return false;
	}
	return true;
}

/*
 * Where engines put the groups of containers, and nowhere else: any other group may have been
 * handed to a user, who calls what is below it by whatever id. `above` ends with a slash.
 */
static bool is_place_of_engines(struct str above)
{
	static const struct str own[] = {
		STR("/docker/"),
		STR("/libpod_parent/"),
		/* containerd's namespaces */
		STR("/default/"),
		STR("/k8s.io/"),
		STR("/moby/"),
	};
	struct str part, rest = above;

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (str_equal(above, own[i]))
			return true;
	str_cut(str_skip(above, 1), '/', &part, &rest);
	if (is_of_pods(part, rest))
		return true;
	rest = above;
	while (rest.len > 0) {
		str_cut(rest, '/', &part, &rest);
		if (part.len > 0 && !str_ends(part, STR(".slice")) && !makes_containers(part))
			return false;
	}
	return true;
}

bool authorised_is_container(const struct cgroup_place *place)
{
	ptrdiff_t at = str_find(place->path, place->container);

	while (at > 0 && place->path.at[at - 1] != '/')
		at--;
	return at > 0 && is_place_of_engines(str_sub(place->path, 0, (size_t)at)) &&
	       !cgroup_is_of_a_user(place->path);
}

static bool fits(const struct authorisation *one, const struct process *process)
{
	const struct cgroup_place *place = &process->cgroup;

	switch (one->by) {
	case AUTHORISED_BY_SHA256:
		return process->executable.has_sha256 &&
		       memcmp(one->sha256, process->executable.sha256, sizeof(one->sha256)) == 0;
	case AUTHORISED_BY_UNIT:
		/* what a container calls a unit is the container's word */
		return is_unit(place->path, str_from(one->name)) && place->container.len == 0 &&
		       !cgroup_is_of_a_user(place->path);
	case AUTHORISED_BY_CONTAINER:
		return str_starts(place->container, str_from(one->name)) &&
		       authorised_is_container(place);
	case AUTHORISED_BY_IMAGE:
		return container_image_has(&process->image, one->sha256) &&
		       authorised_is_container(place);
	default:
		return false;
	}
}

bool authorised_holds(const struct authorisation *one, instant now)
{
	return now.ns < one->ends.ns;
}

const struct authorisation *authorised_find(const struct authorised *list,
					    const struct process *process, instant now)
{
	const struct authorisation *expired = NULL;

	for (uint32_t i = 0; i < list->count && i < AUTHORISED_MAX; i++) {
		const struct authorisation *one = &list->at[i];
		if (!fits(one, process))
			continue;
		if (authorised_holds(one, now))
			return one;
		expired = one;
	}
	return expired;
}

bool authorised_may_be_of_image(const struct authorised *list, const struct cgroup_place *place)
{
	bool has_one = false;

	for (uint32_t i = 0; i < list->count && i < AUTHORISED_MAX; i++)
		has_one |= list->at[i].by == AUTHORISED_BY_IMAGE;
	return has_one && authorised_is_container(place);
}

/* -- how it is told -- */

void buf_add_authorisation(struct buf *out, const struct authorisation *one)
{
	static const char *const kinds[] = {"sha256:", "unit:", "container:", "image:"};

	buf_add_text(out, kinds[one->by]);
	buf_add_printable(out, str_from(one->name), AUTHORISED_NAME_MAX);
}

static struct str named(const struct authorisation *one, struct arena *scratch)
{
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add_authorisation(&text, one);
	return arena_copy(scratch, buf_view(&text));
}

static void set_state(struct facts *facts, struct str state)
{
	for (size_t i = 0; i < facts->count; i++)
		if (str_equal(facts->at[i].name, STR("state")) && facts->at[i].kind == FACT_TEXT) {
			facts->at[i].text = state;
			return;
		}
	facts_add_text(facts, "state", state);
}

void authorised_tell(const struct authorisation *one, struct arena *scratch, struct finding *out)
{
	struct str by = named(one, scratch), reason = arena_copy(scratch, str_from(one->reason));
	struct str first = arena_printf(scratch, "authorised by %.*s until %s: %s", STR_ARG(by),
					one->until, one->reason);

	facts_add_text(&out->facts, "authorised_as", str_from(verdict_name(out->verdict)));
	facts_add_text(&out->facts, "authorised_by", by);
	facts_add_text(&out->facts, "authorised_until", arena_copy(scratch, str_from(one->until)));
	facts_add_text(&out->facts, "authorised_because", reason);
	set_state(&out->facts, STR("authorised"));
	out->verdict = VERDICT_SIGNAL;
	out->severity = SEVERITY_INFO;
	out->title = arena_printf(scratch, "Authorised: %.*s", STR_ARG(out->title));
	out->action_count = 0;
	if (out->reason_count == FINDING_REASONS_MAX)
		out->reason_count--;
	memmove(&out->reasons[1], &out->reasons[0], out->reason_count * sizeof(*out->reasons));
	out->reasons[0] = first;
	out->reason_count++;
}

void authorised_tell_expired(const struct authorisation *one, struct arena *scratch,
			     struct finding *out)
{
	struct str by = named(one, scratch);

	finding_add_reason(out, arena_printf(scratch,
					     "it was authorised by %.*s until %s (%s), which is "
					     "over: if it may go on, give detect.authorised a "
					     "later day",
					     STR_ARG(by), one->until, one->reason));
}

bool authorised_is_told(const struct finding *finding)
{
	return finding->verdict == VERDICT_SIGNAL &&
	       str_equal(facts_text(&finding->facts, STR("state")), STR("authorised"));
}

bool authorised_read_told(const struct finding *finding, struct authorisation *out)
{
	struct authorised list = {0};
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add(&text, facts_text(&finding->facts, STR("authorised_by")));
	buf_add_text(&text, " until ");
	buf_add(&text, facts_text(&finding->facts, STR("authorised_until")));
	buf_add_text(&text, " because ");
	buf_add(&text, facts_text(&finding->facts, STR("authorised_because")));
	if (!authorised_is_told(finding) || text.failed ||
	    !authorised_add(&list, buf_view(&text), &(struct error){0}))
		return false;
	*out = list.at[0];
	return true;
}
