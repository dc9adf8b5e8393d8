/* Azure's acts that create computing. A name is the resource's id: one write makes or changes it,
 * told in several records (begun, accepted, done) of which one has the request. */
#include "detect/computing_fields.h"

struct row {
	const char *start, *end; /* of the operation's name, in capitals */
	enum computing_kind kind;
	const char *label;
	const char *type, *count;
	void (*more)(const struct record_act *act, struct computing_scratch *scratch,
		     struct computing_act *out);
};

static void more_containers(const struct record_act *act, struct computing_scratch *scratch,
			    struct computing_act *out)
{
	struct json_value body = computing_body(act, scratch);

	out->type = STR("container instance");
	(void)computing_sum(body, "cpu", &out->vcpu);
	struct json_value gpu = computing_member(body, "gpu");
	double count;
	if (json_to_double(json_member(gpu, STR("count")), &count) && count >= 0 && count <= 1e6)
		out->gpu = count;
}

static void more_pool(const struct record_act *act, struct computing_scratch *scratch,
		      struct computing_act *out)
{
	uint64_t dedicated = 0, spare = 0;
	bool is_told = computing_count(act, scratch, "targetDedicatedNodes", &dedicated);

	is_told |= computing_count(act, scratch, "targetLowPriorityNodes", &spare);
	out->count = dedicated + spare;
	if (!is_told && out->type.len > 0)
		out->kind = COMPUTING_SHAPE;
}

/* Any operation of a provider whose middle is one of many: the row says how it begins and ends. */
static const struct row rows[] = {
	{"MICROSOFT.COMPUTE/VIRTUALMACHINES/", "/WRITE", COMPUTING_LEVEL, "virtual machines",
	 "vmSize"},
	{"MICROSOFT.COMPUTE/VIRTUALMACHINESCALESETS/", "/WRITE", COMPUTING_LEVEL, "scale sets",
	 "vmSize|name", "capacity"},
	{"MICROSOFT.BATCH/BATCHACCOUNTS/POOLS/", "/WRITE", COMPUTING_LEVEL, "Batch", "vmSize",
	 .more = more_pool},
	{"MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/COMPUTES/", "/WRITE", COMPUTING_LEVEL,
	 "Machine Learning", "vmSize", "maxNodeCount"},
	{"MICROSOFT.CONTAINERINSTANCE/CONTAINERGROUPS/", "/WRITE", COMPUTING_LEVEL,
	 "container instances", .more = more_containers},
	{"MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/", "/WRITE", COMPUTING_LEVEL, "AKS", "vmSize",
	 "count"},
	{"MICROSOFT.QUOTA/", "/WRITE", COMPUTING_QUOTA_RAISE, "quota"},
	{"MICROSOFT.CAPACITY/", "SERVICELIMITS/WRITE", COMPUTING_QUOTA_RAISE, "quota"},
	{"MICROSOFT.SUPPORT/SUPPORTTICKETS/", "/WRITE", COMPUTING_QUOTA_RAISE, "support ticket"},
	{"MICROSOFT.QUOTA/", "/READ", COMPUTING_QUOTA_READ, "quota"},
	{"MICROSOFT.COMPUTE/LOCATIONS/USAGES/", "/READ", COMPUTING_QUOTA_READ, "quota"},
};

/* "A/B/WRITE" begins with "A/B/" and ends with "/WRITE", which may share the slash; nothing that
 * lies below the resource (its extensions) counts. */
static bool is_operation(struct str action, const struct row *row)
{
	struct str start = str_from(row->start), end = str_from(row->end);

	if (!str_starts_nocase(action, start) || action.len + 1 < start.len + end.len)
		return false;
	if (!str_equal_nocase(str_skip(action, action.len - end.len), end))
		return false;
	if (row->kind != COMPUTING_LEVEL)
		return true;
	struct str middle = str_sub(action, start.len, action.len + 1 - start.len - end.len);
	return middle.len <= 1 || str_equal_nocase(middle, STR("AGENTPOOLS/"));
}

bool computing_read_azure(const struct record_act *act, struct computing_scratch *scratch,
			  struct computing_act *out)
{
	const struct row *row = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && !row; i++)
		if (is_operation(act->action, &rows[i]))
			row = &rows[i];
	if (!row)
		return false;
	out->kind = row->kind;
	out->service = row->label;
	if (row->type)
		out->type = computing_text(act, scratch, row->type);
	if (row->kind == COMPUTING_LEVEL && act->resource_count > 0) {
		out->name_kind = "resource";
		out->names[0] = act->resources[0].name;
	}
	if (row->count)
		(void)computing_count(act, scratch, row->count, &out->count);
	if (row->more)
		row->more(act, scratch, out);
	return true;
}
