/*
 * What a call of AWS was about: the keys it gave out first, for no list may crowd them out, then
 * what the request and the answer name, then the record's own list.
 */
#include "decode/record/act_field.h"

/*
 * Members of requestParameters and responseElements, and what they name: first those whose text is
 * a name; then EC2's lists, {"items": [{MEMBER: name}]}; then arrays of names.
 */
static const struct {
	struct str type, member;
} named[] = {
	{STR("bucket")},
	{STR("instance")},
	{STR("snapshot")},
	{STR("secret")},
	{STR("image")},
	{STR("volume")},
	{STR("access-key")},
	{STR("role")},
	{STR("role")},
	{STR("user")},
	{STR("group")},
	{STR("security-group")},
	{STR("policy")},
	{STR("function")},
	{STR("key")},
	{STR("cluster")},
	{STR("cluster")},
	{STR("autoscaling-group")},
	{STR("launch-template")},
	{STR("launch-template")},
	{STR("instance-profile")},
	{STR("database")},
	{STR("snapshot")},
	{STR("table")},
	{STR("task-definition")},
	{STR("task-definition")},
	{STR("job-definition")},
	{STR("job-definition")},
	{STR("job-queue")},
	{STR("notebook")},
	{STR("project")},
	{STR("repository")},
	{STR("quota")},
	{STR("document")},

	{STR("instance"), STR("instanceId")},
	{STR("image"), STR("imageId")},
	{STR("snapshot"), STR("snapshotId")},
	{STR("volume"), STR("volumeId")},
	{STR("spot-request"), STR("spotInstanceRequestId")},
	{STR("resource"), STR("resourceId")},

	{STR("instance")},
	{STR("secret")},
	{STR("parameter")},
};

enum { TEXTS = 34, LISTS = 6, ARRAYS = 3, NAMED = TEXTS + LISTS + ARRAYS };
enum { INSTANCES = TEXTS, OBJECT_KEY = NAMED, KEYS };

static const struct str keys[KEYS] = {
	STR("bucketName"),
	STR("instanceId"),
	STR("snapshotId"),
	STR("secretId"),
	STR("imageId"),
	STR("volumeId"),
	STR("accessKeyId"),
	STR("roleName"),
	STR("roleArn"),
	STR("userName"),
	STR("groupName"),
	STR("groupId"),
	STR("policyArn"),
	STR("functionName"),
	STR("keyId"),
	STR("clusterName"),
	STR("cluster"),
	STR("autoScalingGroupName"),
	STR("launchTemplateId"),
	STR("launchTemplateName"),
	STR("instanceProfileName"),
	STR("dBInstanceIdentifier"),
	STR("dBSnapshotIdentifier"),
	STR("tableName"),
	STR("taskDefinition"),
	STR("family"),
	STR("jobDefinition"),
	STR("jobDefinitionName"),
	STR("jobQueue"),
	STR("notebookInstanceName"),
	STR("projectName"),
	STR("repositoryName"),
	STR("quotaCode"),
	STR("documentName"),

	STR("instancesSet"),
	STR("imagesSet"),
	STR("snapshotSet"),
	STR("volumeSet"),
	STR("spotInstanceRequestSet"),
	STR("resourcesSet"),

	STR("instanceIds"),
	STR("secretIdList"),
	STR("names"),

	[OBJECT_KEY] = STR("key"),
};

_Static_assert(sizeof(named) / sizeof(*named) == NAMED, "a type for each key");

static void add_items(size_t which, struct json_value list, struct arena *scratch,
		      struct record_act *act)
{
	bool is_ec2 = named[which].member.len > 0;

	if (is_ec2)
		list = json_member(list, STR("items"));
	for (size_t i = 0; i < RECORD_RESOURCES_MAX; i++) {
		struct json_value item = json_item(list, i);
		if (!json_exists(item) || act->resource_count == RECORD_RESOURCES_MAX)
			return;
		if (which == INSTANCES) /* a launch asks for images in the list of instances */
			act_add_resource(act, STR("image"),
					 act_member(item, STR("imageId"), scratch));
		act_add_resource(act, named[which].type,
				 is_ec2 ? act_member(item, named[which].member, scratch)
					: act_text(item, scratch));
	}
}

/* Of the many that may be there, few are: json_pick's answer is looked at first. */
static bool is_there(struct json_value picked)
{
	return picked.index != UINT32_MAX;
}

static void add_named(struct json_value side, struct arena *scratch, struct record_act *act)
{
	struct json_value at[KEYS];

	if (json_kind(side) != JSON_OBJECT)
		return;
	json_pick(side, keys, KEYS, at);
	for (size_t i = 0; i < TEXTS; i++)
		if (is_there(at[i]) && act->resource_count < RECORD_RESOURCES_MAX)
			act_add_resource(act, named[i].type, act_text(at[i], scratch));
	if (str_equal(act->service, STR("s3.amazonaws.com")))
		act_add_resource(act, STR("object"), act_text(at[OBJECT_KEY], scratch));
	for (size_t i = TEXTS; i < NAMED; i++)
		if (is_there(at[i]))
			add_items(i, at[i], scratch, act);
}

/* "name" is what the service's own things are called by. */
static void add_plain_name(struct json_value request, struct arena *scratch, struct record_act *act)
{
	static const struct act_pair services[] = {
		{STR("cloudtrail.amazonaws.com"), STR("trail")},
		{STR("ssm.amazonaws.com"), STR("parameter")},
		{STR("eks.amazonaws.com"), STR("cluster")},
		{STR("codebuild.amazonaws.com"), STR("project")},
	};
	struct str type =
		act_pair_value(services, sizeof(services) / sizeof(*services), act->service);

	if (type.len > 0)
		act_add_resource(act, type, act_member(request, STR("name"), scratch));
}

/* The id alone: beside it lie the secret and the session's token. */
static void add_issued(struct json_value response, struct arena *scratch, struct record_act *act)
{
	static const struct str holders[] = {STR("accessKey"), STR("credentials")};

	for (size_t i = 0; i < sizeof(holders) / sizeof(*holders); i++)
		act_add_resource(
			act, STR("access-key"),
			act_member(json_member(response, holders[i]), STR("accessKeyId"), scratch));
}

/* "arn:aws:s3:::bucket/key" in the same words as a request's bucketName and key */
static bool add_s3(struct str arn, struct record_act *act)
{
	ptrdiff_t colons = str_find(arn, STR(":s3:::"));
	struct str bucket, key;

	if (colons < 0)
		return false;
	str_cut(str_skip(arn, (size_t)colons + 6), '/', &bucket, &key);
	act_add_resource(act, STR("bucket"), bucket);
	act_add_resource(act, STR("object"), key);
	return true;
}

struct str aws_type(struct str type)
{
	static const struct act_pair types[] = {
		{STR("AWS::IAM::Role"), STR("role")},
		{STR("AWS::IAM::User"), STR("user")},
		{STR("AWS::IAM::AccessKey"), STR("access-key")},
		{STR("AWS::KMS::Key"), STR("key")},
		{STR("AWS::EC2::Instance"), STR("instance")},
		{STR("AWS::EC2::Snapshot"), STR("snapshot")},
		{STR("AWS::SecretsManager::Secret"), STR("secret")},
		{STR("AWS::Lambda::Function"), STR("function")},
		{STR("AWS::DynamoDB::Table"), STR("table")},
		{STR("AWS::CloudTrail::Trail"), STR("trail")},
	};

	return act_either(act_pair_value(types, sizeof(types) / sizeof(*types), type), type);
}

static void add_listed(struct json_value list, struct arena *scratch, struct record_act *act)
{
	if (json_kind(list) != JSON_ARRAY)
		return;
	for (size_t i = 0; i < RECORD_RESOURCES_MAX; i++) {
		struct json_value item = json_item(list, i);
		struct str arn = act_either(act_member(item, STR("ARN"), scratch),
					    act_member(item, STR("arn"), scratch));
		if (!add_s3(arn, act))
			act_add_resource(act, aws_type(act_member(item, STR("type"), scratch)),
					 arn);
	}
}

void cloudtrail_resources(const struct json_value *sides, struct arena *scratch,
			  struct record_act *act)
{
	add_issued(sides[CLOUDTRAIL_RESPONSE], scratch, act);
	add_named(sides[CLOUDTRAIL_REQUEST], scratch, act);
	add_plain_name(sides[CLOUDTRAIL_REQUEST], scratch, act);
	add_named(sides[CLOUDTRAIL_RESPONSE], scratch, act);
	add_listed(sides[CLOUDTRAIL_LISTED], scratch, act);
}
