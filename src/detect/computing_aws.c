/* Amazon's acts that create computing. Parameters as CloudTrail writes them. */
#include "detect/computing_fields.h"

#include <string.h>

enum { LAMBDA_MB_PER_VCPU = 1769, ECS_UNITS_PER_VCPU = 1024 };

struct row {
	const char *service, *action; /* "ec2.amazonaws.com" is told by its first label */
	enum computing_kind kind;
	const char *label;
	const char *type, *count; /* names of parameters, "a|b"; NULL: none */
	const char *name_kind, *name, *also;
	const char *made_of_kind, *made_of, *made_also;
	void (*more)(const struct record_act *act, struct computing_scratch *scratch,
		     struct computing_act *out);
};

/* The answer tells what was really started; the request only what was wished for. */
static void more_run_instances(const struct record_act *act, struct computing_scratch *scratch,
			       struct computing_act *out)
{
	struct json_value set = computing_member(act->response, "instancesSet");
	struct json_value items = computing_member(set, "items");
	size_t started = json_count(json_exists(items) ? items : set);

	if (act->outcome == OUTCOME_DONE && started > 0)
		out->count = started;
	out->protects = json_is_true(computing_member(act->request, "disableApiTermination"));
}

static void more_protect(const struct record_act *act, struct computing_scratch *scratch,
			 struct computing_act *out)
{
	out->protects = json_is_true(
		computing_member(act->request, "disableApiTermination|disableApiStop"));
	if (!out->protects)
		out->kind = COMPUTING_NONE;
}

/* vCPUs in units of 1/1024: of the task, else of its containers together. */
static void more_task(const struct record_act *act, struct computing_scratch *scratch,
		      struct computing_act *out)
{
	struct str on = computing_text(act, scratch, "launchType");
	double units;

	/* on machines of one's own it costs what these cost */
	out->type = str_equal(on, STR("EC2")) ? STR("container") : STR("fargate");
	if (json_to_double(json_member(act->request, STR("cpu")), &units) ||
	    computing_sum(computing_member(act->request, "containerDefinitions|containerOverrides"),
			  "cpu", &units) ||
	    json_to_double(json_member(computing_member(act->request, "overrides"), STR("cpu")),
			   &units))
		out->vcpu = units > 0 && units <= 1e6 ? units / ECS_UNITS_PER_VCPU : -1;
}

static void more_function(const struct record_act *act, struct computing_scratch *scratch,
			  struct computing_act *out)
{
	double megabytes;

	out->type = STR("lambda");
	if (json_to_double(computing_member(act->request, "memorySize"), &megabytes) &&
	    megabytes > 0 && megabytes <= 1e6)
		out->vcpu = megabytes / LAMBDA_MB_PER_VCPU;
}

/* resourceRequirements: [{"type":"VCPU","value":"4"},{"type":"GPU","value":"1"}] */
static void more_job(const struct record_act *act, struct computing_scratch *scratch,
		     struct computing_act *out)
{
	struct json_value all = computing_member(act->request, "resourceRequirements"), one;
	double value;
	uint64_t size;

	if (json_to_double(computing_member(act->request, "vcpus"), &value) && value >= 0 &&
	    value <= 1e6)
		out->vcpu = value;
	for (one = json_first(all); json_exists(one); one = json_next(one)) {
		struct str type = json_raw_text(json_member(one, STR("type")));
		if (!json_to_double(json_member(one, STR("value")), &value) || value < 0 ||
		    value > 1e6)
			continue;
		if (str_equal_nocase(type, STR("VCPU")))
			out->vcpu = value;
		if (str_equal_nocase(type, STR("GPU")))
			out->gpu = value;
	}
	if (json_to_u64(computing_member(computing_member(act->request, "arrayProperties"), "size"),
			&size) &&
	    size <= COMPUTING_COUNT_MAX)
		out->count = size;
}

static void more_compute_environment(const struct record_act *act,
				     struct computing_scratch *scratch, struct computing_act *out)
{
	uint64_t wanted = 0, least = 0;

	(void)computing_count(act, scratch, "desiredvCpus", &wanted);
	(void)computing_count(act, scratch, "minvCpus", &least);
	out->count = wanted > least ? wanted : least;
	out->vcpu = 1;
	out->type = STR("batch");
}

static void more_lightsail(const struct record_act *act, struct computing_scratch *scratch,
			   struct computing_act *out)
{
	static const char prefix[] = "lightsail.";
	size_t names = json_count(computing_member(act->request, "instanceNames"));
	size_t room = sizeof(scratch->text) - scratch->used;

	out->count = names > 0 ? names : 1;
	if (out->type.len == 0 || out->type.len > 48 || room < sizeof(prefix) + out->type.len)
		return;
	char *at = scratch->text + scratch->used; /* the table of types knows them by this name */
	memcpy(at, prefix, sizeof(prefix) - 1);
	memcpy(at + sizeof(prefix) - 1, out->type.at, out->type.len);
	out->type = str_of(at, sizeof(prefix) - 1 + out->type.len);
	scratch->used += out->type.len;
}

static void more_amplify(const struct record_act *act, struct computing_scratch *scratch,
			 struct computing_act *out)
{
	out->type = STR("amplify.build");
}

static void more_quota(const struct record_act *act, struct computing_scratch *scratch,
		       struct computing_act *out)
{
	double value;

	out->quota_code = computing_text(act, scratch, "quotaCode");
	if ((json_to_double(computing_member(act->request, "desiredValue"), &value) ||
	     json_to_double(json_member(computing_member(act->response, "quota|requestedQuota"),
					STR("value")),
			    &value)) &&
	    value >= 0 && value <= 1e9)
		out->quota = value;
}

#define GROUP	 "group"
#define TEMPLATE "template"
#define TASK	 "task"

static const struct row rows[] = {
	{"ec2", "RunInstances", COMPUTING_CREATE, "EC2", "instanceType", "maxCount|minCount",
	 .made_of_kind = TEMPLATE, .made_of = "launchTemplateId", .made_also = "launchTemplateName",
	 .more = more_run_instances},
	{"ec2", "RequestSpotInstances", COMPUTING_CREATE, "EC2 Spot", "instanceType",
	 "instanceCount"},
	{"ec2", "RequestSpotFleet", COMPUTING_CREATE, "EC2 Spot Fleet", "instanceType",
	 "targetCapacity", .made_of_kind = TEMPLATE, .made_of = "launchTemplateId",
	 .made_also = "launchTemplateName"},
	{"ec2", "CreateFleet", COMPUTING_CREATE, "EC2 Fleet", "instanceType", "totalTargetCapacity",
	 .made_of_kind = TEMPLATE, .made_of = "launchTemplateId",
	 .made_also = "launchTemplateName"},
	{"ec2", "CreateLaunchTemplate", COMPUTING_SHAPE, "EC2", "instanceType",
	 .name_kind = TEMPLATE, .name = "launchTemplateName", .also = "launchTemplateId"},
	{"ec2", "CreateLaunchTemplateVersion", COMPUTING_SHAPE, "EC2", "instanceType",
	 .name_kind = TEMPLATE, .name = "launchTemplateName", .also = "launchTemplateId"},
	{"ec2", "ModifyInstanceAttribute", COMPUTING_PROTECT, "EC2", .more = more_protect},
	{"ec2", "DescribeAccountAttributes", COMPUTING_QUOTA_READ, "EC2"},
	{"autoscaling", "CreateLaunchConfiguration", COMPUTING_SHAPE, "Auto Scaling",
	 "instanceType", .name_kind = TEMPLATE, .name = "launchConfigurationName"},
	{"autoscaling", "CreateAutoScalingGroup", COMPUTING_LEVEL, "Auto Scaling", "instanceType",
	 "desiredCapacity|minSize", GROUP, "autoScalingGroupName", NULL, TEMPLATE,
	 "launchTemplateId|launchConfigurationName", "launchTemplateName"},
	{"autoscaling", "UpdateAutoScalingGroup", COMPUTING_LEVEL, "Auto Scaling", "instanceType",
	 "desiredCapacity|minSize", GROUP, "autoScalingGroupName", NULL, TEMPLATE,
	 "launchTemplateId|launchConfigurationName", "launchTemplateName"},
	{"autoscaling", "SetDesiredCapacity", COMPUTING_LEVEL, "Auto Scaling", NULL,
	 "desiredCapacity", GROUP, "autoScalingGroupName"},
	{"autoscaling", "DescribeAccountLimits", COMPUTING_QUOTA_READ, "Auto Scaling"},
	{"ecs", "RegisterTaskDefinition", COMPUTING_SHAPE, "ECS", .name_kind = TASK,
	 .name = "family", .also = "taskDefinitionArn", .more = more_task},
	{"ecs", "RunTask", COMPUTING_CREATE, "ECS", NULL, "count", .made_of_kind = TASK,
	 .made_of = "taskDefinition", .more = more_task},
	{"ecs", "StartTask", COMPUTING_CREATE, "ECS", .made_of_kind = TASK,
	 .made_of = "taskDefinition", .more = more_task},
	{"ecs", "CreateService", COMPUTING_LEVEL, "ECS", NULL, "desiredCount", "service",
	 "serviceName|service", NULL, TASK, "taskDefinition"},
	{"ecs", "UpdateService", COMPUTING_LEVEL, "ECS", NULL, "desiredCount", "service",
	 "serviceName|service", NULL, TASK, "taskDefinition"},
	{"lambda", "CreateFunction", COMPUTING_SHAPE, "Lambda", .name_kind = "function",
	 .name = "functionName", .also = "functionArn", .more = more_function},
	{"lambda", "UpdateFunctionConfiguration", COMPUTING_SHAPE, "Lambda",
	 .name_kind = "function", .name = "functionName", .also = "functionArn",
	 .more = more_function},
	{"lambda", "PutProvisionedConcurrencyConfig", COMPUTING_LEVEL, "Lambda", NULL,
	 "provisionedConcurrentExecutions", "function", "functionName"},
	{"lambda", "GetAccountSettings", COMPUTING_QUOTA_READ, "Lambda"},
	{"batch", "RegisterJobDefinition", COMPUTING_SHAPE, "Batch", .name_kind = "job",
	 .name = "jobDefinitionName", .also = "jobDefinitionArn", .more = more_job},
	{"batch", "SubmitJob", COMPUTING_CREATE, "Batch", .made_of_kind = "job",
	 .made_of = "jobDefinition", .more = more_job},
	{"batch", "CreateComputeEnvironment", COMPUTING_LEVEL, "Batch",
	 .name_kind = "compute environment", .name = "computeEnvironmentName",
	 .more = more_compute_environment},
	{"batch", "UpdateComputeEnvironment", COMPUTING_LEVEL, "Batch",
	 .name_kind = "compute environment", .name = "computeEnvironment",
	 .more = more_compute_environment},
	{"sagemaker", "CreateNotebookInstance", COMPUTING_CREATE, "SageMaker", "instanceType"},
	{"sagemaker", "CreateTrainingJob", COMPUTING_CREATE, "SageMaker", "instanceType",
	 "instanceCount"},
	{"sagemaker", "CreateProcessingJob", COMPUTING_CREATE, "SageMaker", "instanceType",
	 "instanceCount"},
	{"sagemaker", "CreateTransformJob", COMPUTING_CREATE, "SageMaker", "instanceType",
	 "instanceCount"},
	{"sagemaker", "CreateHyperParameterTuningJob", COMPUTING_CREATE, "SageMaker",
	 "instanceType", "maxParallelTrainingJobs|instanceCount"},
	{"sagemaker", "CreateCluster", COMPUTING_CREATE, "SageMaker", "instanceType",
	 "instanceCount"},
	{"sagemaker", "CreateApp", COMPUTING_CREATE, "SageMaker", "instanceType"},
	{"sagemaker", "CreateEndpointConfig", COMPUTING_SHAPE, "SageMaker", "instanceType",
	 .name_kind = "endpoint", .name = "endpointConfigName"},
	{"sagemaker", "CreateEndpoint", COMPUTING_CREATE, "SageMaker", .made_of_kind = "endpoint",
	 .made_of = "endpointConfigName"},
	{"lightsail", "CreateInstances", COMPUTING_CREATE, "Lightsail", "bundleId",
	 .more = more_lightsail},
	{"amplify", "StartJob", COMPUTING_CREATE, "Amplify", .more = more_amplify},
	{"amplify", "StartDeployment", COMPUTING_CREATE, "Amplify", .more = more_amplify},
	{"codebuild", "CreateProject", COMPUTING_SHAPE, "CodeBuild", "computeType",
	 .name_kind = "project", .name = "name"},
	{"codebuild", "UpdateProject", COMPUTING_SHAPE, "CodeBuild", "computeType",
	 .name_kind = "project", .name = "name"},
	{"codebuild", "StartBuild", COMPUTING_CREATE, "CodeBuild", "computeTypeOverride",
	 .made_of_kind = "project", .made_of = "projectName"},
	{"codebuild", "StartBuildBatch", COMPUTING_CREATE, "CodeBuild", "computeTypeOverride",
	 .made_of_kind = "project", .made_of = "projectName"},
	{"eks", "CreateNodegroup", COMPUTING_LEVEL, "EKS", NULL, "desiredSize|minSize", "nodegroup",
	 "nodegroupName"},
	{"eks", "UpdateNodegroupConfig", COMPUTING_LEVEL, "EKS", NULL, "desiredSize|minSize",
	 "nodegroup", "nodegroupName"},
	{"elasticmapreduce", "RunJobFlow", COMPUTING_CREATE, "EMR",
	 "slaveInstanceType|instanceType|masterInstanceType", "instanceCount"},
	{"servicequotas", "GetServiceQuota", COMPUTING_QUOTA_READ, "Service Quotas",
	 .more = more_quota},
	{"servicequotas", "GetAWSDefaultServiceQuota", COMPUTING_QUOTA_READ, "Service Quotas",
	 .more = more_quota},
	{"servicequotas", "ListServiceQuotas", COMPUTING_QUOTA_READ, "Service Quotas"},
	{"servicequotas", "ListAWSDefaultServiceQuotas", COMPUTING_QUOTA_READ, "Service Quotas"},
	{"servicequotas", "RequestServiceQuotaIncrease", COMPUTING_QUOTA_RAISE, "Service Quotas",
	 .more = more_quota},
};

/* UpdateFunctionCode20150331v2 and the like: a date, perhaps v and a number, behind the name. */
static bool is_action(struct str action, const char *name)
{
	struct str rest = str_skip(action, strlen(name));

	if (!str_starts(action, str_from(name)))
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if ((rest.at[i] < '0' || rest.at[i] > '9') && rest.at[i] != 'v' &&
		    rest.at[i] != '_')
			return false;
	return rest.len == 0 || (rest.len >= 8 && rest.at[0] == '2');
}

static bool is_service(struct str service, const char *label)
{
	struct str first, rest;

	(void)str_cut(service, '.', &first, &rest);
	return str_equal(first, str_from(label));
}

static void name_parts(const struct record_act *act, struct computing_scratch *scratch,
		       const char *kind, const char *first, const char *second,
		       const char **kind_out, struct str out[COMPUTING_NAMES])
{
	size_t count = 0;

	if (!kind)
		return;
	const char *names[] = {first, second};
	for (size_t i = 0; i < COMPUTING_NAMES; i++) {
		struct str text =
			names[i] ? computing_text(act, scratch, names[i]) : (struct str){0};
		if (text.len > 0)
			out[count++] = text;
	}
	*kind_out = count > 0 ? kind : NULL;
}

/* An array of types (a node group's) has no member of that name with a text in it. */
static struct str type_of(const struct record_act *act, struct computing_scratch *scratch,
			  const struct row *row)
{
	struct str type = row->type ? computing_text(act, scratch, row->type) : (struct str){0};

	if (type.len == 0 && row->kind != COMPUTING_QUOTA_READ)
		type = json_raw_text(json_item(computing_member(act->request, "instanceTypes"), 0));
	return type;
}

bool computing_read_aws(const struct record_act *act, struct computing_scratch *scratch,
			struct computing_act *out)
{
	const struct row *row = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && !row; i++)
		if (is_service(act->service, rows[i].service) &&
		    is_action(act->action, rows[i].action))
			row = &rows[i];
	if (!row)
		return false;
	out->kind = row->kind;
	out->service = row->label;
	out->type = type_of(act, scratch, row);
	if (row->count && !computing_count(act, scratch, row->count, &out->count) &&
	    row->kind == COMPUTING_LEVEL)
		out->kind = COMPUTING_SHAPE; /* changed, but not in size */
	name_parts(act, scratch, row->name_kind, row->name, row->also, &out->name_kind, out->names);
	name_parts(act, scratch, row->made_of_kind, row->made_of, row->made_also,
		   &out->made_of_kind, out->made_of);
	if (row->more)
		row->more(act, scratch, out);
	return out->kind != COMPUTING_NONE;
}
