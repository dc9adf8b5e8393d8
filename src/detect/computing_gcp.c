/* Google's acts that create computing. A machine's insert is told when it begins (with the request)
 * and when it is done: one name, so it counts once. */
#include "detect/computing_fields.h"

struct row {
	const char *service, *end; /* of the method's name */
	enum computing_kind kind;
	const char *label;
	const char *type, *count;
	bool is_cpu; /* the request says how many CPUs, as Kubernetes does */
};

static const struct row rows[] = {
	{"compute", "compute.instances.insert", COMPUTING_LEVEL, "Compute Engine", "machineType"},
	{"compute", "compute.instances.bulkInsert", COMPUTING_CREATE, "Compute Engine",
	 "machineType", "count"},
	{"compute", "compute.regionInstances.bulkInsert", COMPUTING_CREATE, "Compute Engine",
	 "machineType", "count"},
	{"compute", "compute.instanceTemplates.insert", COMPUTING_SHAPE, "Compute Engine",
	 "machineType"},
	{"compute", "nstanceGroupManagers.insert", COMPUTING_LEVEL, "instance groups", NULL,
	 "targetSize"},
	{"compute", "nstanceGroupManagers.resize", COMPUTING_LEVEL, "instance groups", NULL,
	 "size|targetSize"},
	{"compute", "nstanceGroupManagers.patch", COMPUTING_LEVEL, "instance groups", NULL,
	 "targetSize"},
	{"run", "Jobs.CreateJob", COMPUTING_SHAPE, "Cloud Run", .is_cpu = true},
	{"run", "Jobs.ReplaceJob", COMPUTING_SHAPE, "Cloud Run", .is_cpu = true},
	{"run", "Jobs.UpdateJob", COMPUTING_SHAPE, "Cloud Run", .is_cpu = true},
	{"run", "Jobs.RunJob", COMPUTING_CREATE, "Cloud Run", NULL, "taskCount"},
	{"notebooks", ".CreateInstance", COMPUTING_LEVEL, "notebooks", "machineType"},
	{"notebooks", ".CreateRuntime", COMPUTING_LEVEL, "notebooks", "machineType"},
	{"aiplatform", ".CreateCustomJob", COMPUTING_CREATE, "Vertex AI", "machineType",
	 "replicaCount"},
	{"aiplatform", ".CreateTrainingPipeline", COMPUTING_CREATE, "Vertex AI", "machineType",
	 "replicaCount"},
	{"container", "ClusterManager.CreateCluster", COMPUTING_LEVEL, "GKE", "machineType",
	 "initialNodeCount"},
	{"container", "ClusterManager.CreateNodePool", COMPUTING_LEVEL, "GKE", "machineType",
	 "initialNodeCount"},
	{"container", "ClusterManager.SetNodePoolSize", COMPUTING_LEVEL, "GKE", NULL, "nodeCount"},
	{"dataproc", "ClusterController.CreateCluster", COMPUTING_CREATE, "Dataproc",
	 "machineTypeUri", "numInstances"},
	{"batch", ".CreateJob", COMPUTING_CREATE, "Batch", "machineType", "taskCount"},
	{"cloudquotas", ".CreateQuotaPreference", COMPUTING_QUOTA_RAISE, "quota"},
	{"cloudquotas", ".UpdateQuotaPreference", COMPUTING_QUOTA_RAISE, "quota"},
	{"serviceusage", "ConsumerOverride", COMPUTING_QUOTA_RAISE, "quota"},
	{"cloudquotas", "QuotaInfo", COMPUTING_QUOTA_READ, "quota"},
	{"cloudquotas", "QuotaInfos", COMPUTING_QUOTA_READ, "quota"},
	{"serviceusage", "ConsumerQuotaMetrics", COMPUTING_QUOTA_READ, "quota"},
};

/* "projects/p/zones/z/machineTypes/n1-standard-8" */
static struct str last_part(struct str path)
{
	struct str name = str_file_name(path);

	return name.len > 0 ? name : path;
}

static void read_sizes(const struct record_act *act, struct computing_scratch *scratch,
		       const struct row *row, struct computing_act *out)
{
	struct json_value body = computing_body(act, scratch);
	double gpus;

	if (row->type)
		out->type = last_part(computing_text(act, scratch, row->type));
	if (computing_sum(body, "acceleratorCount", &gpus))
		out->gpu = gpus;
	if (row->is_cpu) {
		out->type = STR("cloud run");
		(void)computing_sum(body, "cpu", &out->vcpu);
	}
	if (row->count && !computing_count(act, scratch, row->count, &out->count) &&
	    row->kind == COMPUTING_LEVEL)
		out->kind = COMPUTING_SHAPE;
}

/* Templates and jobs are named by the last part of their path, others by all of it. */
static void read_names(const struct record_act *act, struct computing_scratch *scratch,
		       const struct row *row, struct computing_act *out)
{
	struct str own = act->resource_count > 0 ? act->resources[0].name : (struct str){0};
	bool is_template = str_ends(str_from(row->end), STR("Templates.insert"));
	bool is_job = str_equal(str_from(row->service), STR("run"));

	if (row->kind == COMPUTING_CREATE && is_job) {
		out->made_of_kind = "job";
		out->made_of[0] = last_part(own);
	} else if (row->kind == COMPUTING_LEVEL || row->kind == COMPUTING_SHAPE) {
		out->name_kind = is_template ? "template" : is_job ? "job" : "resource";
		out->names[0] = is_template || is_job ? last_part(own) : own;
	}
	struct str template =
		computing_text(act, scratch, "instanceTemplate|sourceInstanceTemplate");
	if (template.len > 0) {
		out->made_of_kind = "template";
		out->made_of[0] = last_part(template);
	}
	if (out->name_kind && out->names[0].len == 0)
		out->name_kind = NULL;
}

bool computing_read_gcp(const struct record_act *act, struct computing_scratch *scratch,
			struct computing_act *out)
{
	const struct row *row = NULL;
	struct str service, rest;

	(void)str_cut(act->service, '.', &service, &rest);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && !row; i++)
		if (str_equal(service, str_from(rows[i].service)) &&
		    str_ends(act->action, str_from(rows[i].end)))
			row = &rows[i];
	if (!row)
		return false;
	out->kind = row->kind;
	out->service = row->label;
	read_sizes(act, scratch, row, out);
	read_names(act, scratch, row, out);
	return true;
}
