#include "programs/response_policy.h"

#include <errno.h>
#include <string.h>

enum { MINUTE_S = 60 };

bool response_policy_group(struct str text, struct error *why)
{
	bool fits = text.len > 1 && text.len < POLICY_GROUP_LEN && text.at[0] == '/' &&
		    str_find(text, STR("/..")) < 0 && str_find_byte(text, '\0') < 0;

	if (!fits)
		error_set(why, -EINVAL,
			  "respond.only_cgroups takes paths of control groups, like /user.slice or "
			  "/system.slice/ci.service");
	return fits;
}

bool response_policy_add_group(struct response_policy *policy, struct str text, struct error *why)
{
	if (!response_policy_group(text, why))
		return false;
	if (policy->group_count == POLICY_GROUPS_MAX) {
		error_set(why, -E2BIG, "respond.only_cgroups: only the first %d count",
			  POLICY_GROUPS_MAX);
		return false;
	}
	memcpy(policy->groups[policy->group_count], text.at, text.len);
	policy->groups[policy->group_count++][text.len] = '\0';
	return true;
}

static bool is_about_processes(const struct finding *finding)
{
	const struct subject *subject = &finding->subject;

	if (!str_equal(finding->detector, STR("host")))
		return false;
	return (str_equal(subject->type, STR("process")) &&
		facts_number(&subject->keys, STR("pid")) > 1) ||
	       (str_equal(subject->type, STR("workload")) &&
		facts_text(&subject->keys, STR("executable")).len > 0);
}

/* Half of what a host's finding rests on may be a sensor's word, which is not acted upon. */
static enum verdict verdict_here(const struct finding *finding, double *confidence)
{
	const struct str verdict = facts_text(&finding->facts, STR("verdict_without_network"));
	const struct fact *real = facts_find(&finding->facts, STR("confidence_without_network"));
	enum verdict here = VERDICT_SIGNAL;

	*confidence = finding->confidence;
	if (verdict.len == 0)
		return finding->verdict;
	if (!real || real->kind != FACT_REAL || !verdict_from_name(verdict, &here))
		return VERDICT_SIGNAL;
	if (real->real < *confidence)
		*confidence = real->real;
	return here < finding->verdict ? here : finding->verdict;
}

enum policy_act response_policy_judge(const struct response_policy *policy,
				      const struct finding *finding)
{
	if (!policy->protects || !is_about_processes(finding) ||
	    finding->id.len != FINDING_ID_LEN || !str_is_hex(finding->id))
		return POLICY_NOTHING;
	double confidence;
	const enum verdict verdict = verdict_here(finding, &confidence);
	/* a confidence of 0.95 is stored with rounding */
	if (verdict == VERDICT_MINING && confidence * 100 + 1e-6 >= policy->confidence_percent)
		return POLICY_STOP;
	return verdict == VERDICT_SUSPECT && policy->freezes_suspects ? POLICY_PAUSE
								      : POLICY_NOTHING;
}

void policy_wait(struct policy_waiting *waiting, const struct response_policy *policy,
		 const struct finding *finding)
{
	const enum policy_act act = response_policy_judge(policy, finding);

	if (act == POLICY_NOTHING)
		return;
	for (size_t i = 0; i < waiting->count; i++) {
		struct policy_request *other = &waiting->at[i];
		if (memcmp(other->finding, finding->id.at, FINDING_ID_LEN) != 0)
			continue;
		if (act == POLICY_STOP)
			other->act = act;
		return;
	}
	if (waiting->count == POLICY_WAITING_MAX) {
		waiting->lost++;
		return;
	}
	struct policy_request *request = &waiting->at[waiting->count++];
	*request = (struct policy_request){.act = act};
	memcpy(request->finding, finding->id.at, FINDING_ID_LEN);
}

bool policy_pace_take(struct policy_pace *pace, uint32_t per_minute, instant now)
{
	/* a clock that was set back begins a new minute */
	int64_t age = instant_since(now, pace->begun).ns;

	if (age < 0 || age >= DURATION_S(MINUTE_S).ns)
		*pace = (struct policy_pace){.begun = now};
	if (pace->count >= per_minute)
		return false;
	pace->count++;
	return true;
}
