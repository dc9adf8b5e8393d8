#include "detect/hybrid/data_acts.h"

#include "detect/computing_fields.h"

struct row {
	enum record_provider provider;
	const char *service; /* its first label; NULL: any */
	const char *action;  /* whole; its end where it begins with *, its start where it ends so */
	enum data_kind kind;
	bool is_recorded_by_choice;
	const char *place_kind, *place; /* parameters "a|b"; NULL: of the resources */
};

static const struct row rows[] = {
	{PROVIDER_AWS, "s3", "GetObject", DATA_READ, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "SelectObjectContent", DATA_READ, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "HeadObject", DATA_LIST, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "ListObjects", DATA_LIST, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "ListObjectsV2", DATA_LIST, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "ListObjectVersions", DATA_LIST, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "CopyObject", DATA_COPY, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "UploadPartCopy", DATA_COPY, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "PutObject", DATA_WRITE, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "DeleteObject", DATA_WRITE, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "DeleteObjects", DATA_WRITE, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "REST.GET.OBJECT", DATA_READ, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "REST.GET.BUCKET", DATA_LIST, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "REST.PUT.OBJECT", DATA_WRITE, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "REST.COPY.OBJECT", DATA_COPY, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "ListBuckets", DATA_PLACES, false, "bucket"},
	{PROVIDER_AWS, "s3", "PutBucketPolicy", DATA_OPEN, false, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "PutBucketAcl", DATA_OPEN, false, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "PutObjectAcl", DATA_OPEN, true, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "DeleteBucketPublicAccessBlock", DATA_OPEN, false, "bucket",
	 "bucketName"},
	{PROVIDER_AWS, "s3", "GetBucket*", DATA_NAMES, false, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "PutBucket*", DATA_NAMES, false, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "HeadBucket", DATA_NAMES, false, "bucket", "bucketName"},
	{PROVIDER_AWS, "s3", "CreateBucket", DATA_NAMES, false, "bucket", "bucketName"},
	{PROVIDER_AWS, "ec2", "ModifySnapshotAttribute", DATA_SHARE, false, "snapshot",
	 "snapshotId"},
	{PROVIDER_AWS, "ec2", "ModifyImageAttribute", DATA_SHARE, false, "image", "imageId"},
	{PROVIDER_AWS, "rds", "ModifyDBSnapshotAttribute", DATA_SHARE, false, "database snapshot",
	 "dBSnapshotIdentifier"},
	{PROVIDER_AWS, "rds", "ModifyDBClusterSnapshotAttribute", DATA_SHARE, false,
	 "database snapshot", "dBClusterSnapshotIdentifier"},
	{PROVIDER_AWS, "rds", "StartExportTask", DATA_COPY, false, "database snapshot",
	 "sourceArn"},
	{PROVIDER_AWS, "ebs", "GetSnapshotBlock", DATA_READ, true, "snapshot", "snapshotId"},
	{PROVIDER_AWS, "ebs", "ListSnapshotBlocks", DATA_LIST, true, "snapshot", "snapshotId"},
	{PROVIDER_AZURE, NULL, "GetBlob", DATA_READ, true, "container"},
	{PROVIDER_AZURE, NULL, "ListBlobs", DATA_LIST, true, "container"},
	{PROVIDER_AZURE, NULL, "ListContainers", DATA_PLACES, true, "storage account"},
	{PROVIDER_AZURE, NULL, "CopyBlob", DATA_COPY, true, "container"},
	{PROVIDER_AZURE, NULL, "PutBlob", DATA_WRITE, true, "container"},
	{PROVIDER_AZURE, NULL, "DeleteBlob", DATA_WRITE, true, "container"},
	{PROVIDER_AZURE, NULL, "*STORAGEACCOUNTS/LISTKEYS/ACTION", DATA_KEYS, false,
	 "storage account"},
	{PROVIDER_AZURE, NULL, "*STORAGEACCOUNTS/LISTACCOUNTSAS/ACTION", DATA_KEYS, false,
	 "storage account"},
	{PROVIDER_AZURE, NULL, "*DISKS/BEGINGETACCESS/ACTION", DATA_SHARE, false, "disk"},
	{PROVIDER_AZURE, NULL, "*SNAPSHOTS/BEGINGETACCESS/ACTION", DATA_SHARE, false, "snapshot"},
	{PROVIDER_AZURE, NULL, "MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE", DATA_OPEN, false,
	 "storage account"},
	{PROVIDER_GCP, "storage", "storage.objects.get", DATA_READ, true, "bucket"},
	{PROVIDER_GCP, "storage", "storage.objects.list", DATA_LIST, true, "bucket"},
	{PROVIDER_GCP, "storage", "storage.objects.create", DATA_WRITE, true, "bucket"},
	{PROVIDER_GCP, "storage", "storage.objects.delete", DATA_WRITE, true, "bucket"},
	{PROVIDER_GCP, "storage", "storage.buckets.list", DATA_PLACES, false, "project"},
	{PROVIDER_GCP, "storage", "storage.setIamPermissions", DATA_OPEN, false, "bucket"},
	{PROVIDER_GCP, "compute", "*.images.setIamPolicy", DATA_SHARE, false, "image"},
	{PROVIDER_GCP, "compute", "*.snapshots.setIamPolicy", DATA_SHARE, false, "snapshot"},
};

static bool is_row(const struct record_act *act, const struct row *row)
{
	struct str first, rest, action = str_from(row->action);

	(void)str_cut(act->service, '.', &first, &rest);
	if (act->provider != row->provider ||
	    (row->service && act->service.len > 0 && !str_equal(first, str_from(row->service))))
		return false;
	if (row->action[0] == '*')
		return str_ends(act->action, str_skip(action, 1));
	if (str_ends(action, STR("*")))
		return str_starts(act->action, str_sub(action, 0, action.len - 1));
	return str_equal(act->action, action);
}

/* "arn:aws:s3:::bucket/key", "projects/_/buckets/bucket/objects/o": the bucket alone. */
static struct str plain_place(struct str name, struct str *object)
{
	ptrdiff_t bucket = str_find(name, STR("/buckets/"));
	struct str rest;

	if (bucket >= 0) {
		name = str_skip(name, (size_t)bucket + 9);
		if (str_cut(name, '/', &name, &rest) && str_starts(rest, STR("objects/")))
			*object = str_skip(rest, 8);
	} else if (str_starts(name, STR("arn:aws:s3:::"))) {
		(void)str_cut(str_skip(name, 13), '/', &name, object);
	}
	return name;
}

static struct str place_of(const struct record_act *act, struct computing_scratch *scratch,
			   const struct row *row, struct str *object)
{
	struct str told = row->place ? computing_text(act, scratch, row->place) : (struct str){0};

	for (size_t i = 0; i < act->resource_count && told.len == 0; i++)
		if (str_equal(act->resources[i].type, str_from(row->place_kind)))
			told = act->resources[i].name;
	if (told.len == 0 && act->resource_count > 0)
		told = act->resources[0].name;
	return plain_place(told, object);
}

static bool has(struct json_value in, const char *text)
{
	return str_find_nocase(json_raw_text(in), str_from(text)) >= 0;
}

/* A policy is a text inside the request: what it says to everybody is told by its words. */
static bool opens(const struct record_act *act, struct computing_scratch *scratch)
{
	struct json_value body = computing_body(act, scratch);

	if (str_equal(act->action, STR("DeleteBucketPublicAccessBlock")))
		return true;
	if (act->provider == PROVIDER_AZURE)
		return json_is_true(computing_member(body, "allowBlobPublicAccess"));
	if (act->provider == PROVIDER_GCP)
		return has(act->request, "allUsers") ||
		       has(act->request, "allAuthenticatedUsers") || has(act->response, "allUsers");
	return has(act->request, "AllUsers") || has(act->request, "AuthenticatedUsers") ||
	       has(act->request, "public-read") || has(act->request, "\"Principal\":\"*\"") ||
	       has(act->request, "\"AWS\":\"*\"") ||
	       has(act->request, "\\\"Principal\\\":\\\"*\\\"") ||
	       has(act->request, "\\\"AWS\\\":\\\"*\\\"");
}

/* createVolumePermission: {"add":{"items":[{"userId":"…"}]}}; valuesToAdd: ["…", "all"] */
static bool shares(const struct record_act *act, struct computing_scratch *scratch,
		   struct data_act *out)
{
	struct json_value added = computing_member(act->request, "add|valuesToAdd");

	if (act->provider == PROVIDER_AZURE)
		return true;
	if (act->provider == PROVIDER_GCP) {
		out->is_public = opens(act, scratch);
		return true;
	}
	if (!json_exists(added) || json_count(added) == 0)
		return false;
	struct json_value user = computing_member(added, "userId");
	if (!json_exists(user))
		user = json_item(added, 0);
	out->whom = json_is_scalar(user) ? json_raw_text(user) : (struct str){0};
	out->is_public = has(added, "\"all\"") || str_equal(out->whom, STR("all"));
	return true;
}

bool data_act_read(const struct record_act *act, struct computing_scratch *scratch,
		   struct data_act *out)
{
	const struct row *row = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && !row; i++)
		if (is_row(act, &rows[i]))
			row = &rows[i];
	if (!row)
		return false;
	scratch->used = 0;
	scratch->has_inner = false;
	*out = (struct data_act){.kind = row->kind,
				 .is_recorded_by_choice = row->is_recorded_by_choice,
				 .place_kind = str_from(row->place_kind)};
	out->place = place_of(act, scratch, row, &out->object);
	for (size_t i = 0; i < act->resource_count && out->object.len == 0; i++)
		if (str_equal(act->resources[i].type, STR("object")))
			out->object = act->resources[i].name;
	if (out->object.len == 0)
		out->object = computing_text(act, scratch, "key");
	if (row->kind == DATA_OPEN) {
		out->is_public = opens(act, scratch);
		return out->is_public;
	}
	return row->kind != DATA_SHARE || shares(act, scratch, out);
}
