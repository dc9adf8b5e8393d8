#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "detect/computing.h"
#include "detect/record_case.h"

/* expected: "kind service type count vcpu gpu names made_of"; "" for no act of computing. */
static const struct {
	const char *name;
	struct record_row row;
	const char *expected;
} acts[] = {
	{"the request, while the answer is not told",
	 {.service = "ec2.amazonaws.com",
	  .action = "RunInstances",
	  .request = "{\"instanceType\":\"p3.16xlarge\",\"instancesSet\":{\"items\":[{\"minCount\":"
		     "1,\"maxCount\":8}]}}"},
	 "1 EC2 p3.16xlarge 8 -1 -1 - -"},
	{"what was really started",
	 {.service = "ec2.amazonaws.com",
	  .action = "RunInstances",
	  .request = "{\"instanceType\":{\"value\":\"p2.xlarge\"},\"instancesSet\":{\"items\":[{"
		     "\"maxCount\":8}]}}",
	  .response = "{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-1\"},{\"instanceId\":"
		      "\"i-2\"}]}}"},
	 "1 EC2 p2.xlarge 2 -1 -1 - -"},
	{"by a template",
	 {.service = "ec2.amazonaws.com",
	  .action = "RunInstances",
	  .request = "{\"launchTemplate\":{\"launchTemplateId\":\"lt-1\"},\"instancesSet\":{"
		     "\"items\":[{\"maxCount\":3}]}}"},
	 "1 EC2 - 3 -1 -1 - lt-1"},
	{"spot",
	 {.service = "ec2.amazonaws.com",
	  .action = "RequestSpotInstances",
	  .request =
		  "{\"instanceCount\":12,\"launchSpecification\":{\"instanceType\":\"c5.large\"}}"},
	 "1 EC2 Spot c5.large 12 -1 -1 - -"},
	{"spot fleet",
	 {.service = "ec2.amazonaws.com",
	  .action = "RequestSpotFleet",
	  .request = "{\"spotFleetRequestConfig\":{\"targetCapacity\":50,\"launchSpecifications\":"
		     "[{\"instanceType\":\"g4dn.xlarge\"}]}}"},
	 "1 EC2 Spot Fleet g4dn.xlarge 50 -1 -1 - -"},
	{"fleet, in the other spelling",
	 {.service = "ec2.amazonaws.com",
	  .action = "CreateFleet",
	  .request = "{\"CreateFleetRequest\":{\"TargetCapacitySpecification\":{"
		     "\"TotalTargetCapacity\":40},\"LaunchTemplateConfigs\":{"
		     "\"LaunchTemplateSpecification\":{\"LaunchTemplateId\":\"lt-9\"}}}}"},
	 "1 EC2 Fleet - 40 -1 -1 - lt-9"},
	{"a template",
	 {.service = "ec2.amazonaws.com",
	  .action = "CreateLaunchTemplate",
	  .request = "{\"CreateLaunchTemplateRequest\":{\"LaunchTemplateName\":\"web\","
		     "\"LaunchTemplateData\":{\"InstanceType\":\"c5.4xlarge\"}}}",
	  .response = "{\"launchTemplate\":{\"launchTemplateId\":\"lt-9\"}}"},
	 "3 EC2 c5.4xlarge 1 -1 -1 web,lt-9 -"},
	{"a group",
	 {.service = "autoscaling.amazonaws.com",
	  .action = "CreateAutoScalingGroup",
	  .request = "{\"autoScalingGroupName\":\"g\",\"minSize\":1,\"maxSize\":99,"
		     "\"desiredCapacity\":14,\"launchTemplate\":{\"launchTemplateName\":\"web\"}}"},
	 "2 Auto Scaling - 14 -1 -1 g web"},
	{"a group changed, but not in size",
	 {.service = "autoscaling.amazonaws.com",
	  .action = "UpdateAutoScalingGroup",
	  .request = "{\"autoScalingGroupName\":\"g\",\"launchTemplate\":{\"launchTemplateName\":"
		     "\"web\"}}"},
	 "3 Auto Scaling - 1 -1 -1 g web"},
	{"a group's size",
	 {.service = "autoscaling.amazonaws.com",
	  .action = "SetDesiredCapacity",
	  .request = "{\"autoScalingGroupName\":\"g\",\"desiredCapacity\":20}"},
	 "2 Auto Scaling - 20 -1 -1 g -"},
	{"a task with little CPU",
	 {.service = "ecs.amazonaws.com",
	  .action = "RegisterTaskDefinition",
	  .request = "{\"family\":\"web\",\"cpu\":\"512\",\"containerDefinitions\":[{\"cpu\":0}]}"},
	 "3 ECS fargate 1 0.5 -1 web -"},
	{"a task by its containers",
	 {.service = "ecs.amazonaws.com",
	  .action = "RegisterTaskDefinition",
	  .request =
		  "{\"family\":\"web\",\"containerDefinitions\":[{\"cpu\":1024},{\"cpu\":1024}]}"},
	 "3 ECS fargate 1 2 -1 web -"},
	{"tasks",
	 {.service = "ecs.amazonaws.com",
	  .action = "RunTask",
	  .request = "{\"taskDefinition\":\"arn:aws:ecs:us-east-1:1:task-definition/web:3\","
		     "\"count\":10}"},
	 "1 ECS fargate 10 -1 -1 - arn:aws:ecs:us-east-1:1:task-definition/web:3"},
	{"a service",
	 {.service = "ecs.amazonaws.com",
	  .action = "CreateService",
	  .request = "{\"serviceName\":\"s\",\"taskDefinition\":\"web\",\"desiredCount\":7}"},
	 "2 ECS - 7 -1 -1 s web"},
	{"a function, by an old name",
	 {.service = "lambda.amazonaws.com",
	  .action = "CreateFunction20150331",
	  .request = "{\"functionName\":\"f\",\"memorySize\":3538}"},
	 "3 Lambda lambda 1 2 -1 f -"},
	{"functions kept ready",
	 {.service = "lambda.amazonaws.com",
	  .action = "PutProvisionedConcurrencyConfig",
	  .request = "{\"functionName\":\"f\",\"provisionedConcurrentExecutions\":500}"},
	 "2 Lambda - 500 -1 -1 f -"},
	{"a job, many times",
	 {.service = "batch.amazonaws.com",
	  .action = "SubmitJob",
	  .request = "{\"jobDefinition\":\"j:1\",\"arrayProperties\":{\"size\":100},"
		     "\"containerOverrides\":{\"resourceRequirements\":[{\"type\":\"VCPU\","
		     "\"value\":\"4\"},{\"type\":\"GPU\",\"value\":\"1\"}]}}"},
	 "1 Batch - 100 4 1 - j:1"},
	{"a compute environment",
	 {.service = "batch.amazonaws.com",
	  .action = "CreateComputeEnvironment",
	  .request = "{\"computeEnvironmentName\":\"e\",\"computeResources\":{\"minvCpus\":128,"
		     "\"maxvCpus\":256}}"},
	 "2 Batch batch 128 1 -1 e -"},
	{"a notebook",
	 {.service = "sagemaker.amazonaws.com",
	  .action = "CreateNotebookInstance",
	  .request = "{\"instanceType\":\"ml.p3.8xlarge\"}"},
	 "1 SageMaker ml.p3.8xlarge 1 -1 -1 - -"},
	{"training",
	 {.service = "sagemaker.amazonaws.com",
	  .action = "CreateTrainingJob",
	  .request =
		  "{\"resourceConfig\":{\"instanceType\":\"ml.p3.8xlarge\",\"instanceCount\":4}}"},
	 "1 SageMaker ml.p3.8xlarge 4 -1 -1 - -"},
	{"Lightsail",
	 {.service = "lightsail.amazonaws.com",
	  .action = "CreateInstances",
	  .request = "{\"instanceNames\":[\"a\",\"b\",\"c\"],\"bundleId\":\"2xlarge_3_0\"}"},
	 "1 Lightsail lightsail.2xlarge_3_0 3 -1 -1 - -"},
	{"Amplify",
	 {.service = "amplify.amazonaws.com", .action = "StartJob"},
	 "1 Amplify amplify.build 1 -1 -1 - -"},
	{"a build",
	 {.service = "codebuild.amazonaws.com",
	  .action = "StartBuild",
	  .request = "{\"projectName\":\"p\",\"computeTypeOverride\":\"BUILD_GENERAL1_2XLARGE\"}"},
	 "1 CodeBuild BUILD_GENERAL1_2XLARGE 1 -1 -1 - p"},
	{"nodes",
	 {.service = "eks.amazonaws.com",
	  .action = "CreateNodegroup",
	  .request = "{\"nodegroupName\":\"n\",\"instanceTypes\":[\"c5.9xlarge\"],"
		     "\"scalingConfig\":{\"desiredSize\":30}}"},
	 "2 EKS c5.9xlarge 30 -1 -1 n -"},
	{"a quota is read",
	 {.service = "servicequotas.amazonaws.com",
	  .action = "GetServiceQuota",
	  .request = "{\"quotaCode\":\"L-1216C47A\"}"},
	 "4 Service Quotas - 1 -1 -1 - -"},
	{"a quota is to be raised",
	 {.service = "servicequotas.amazonaws.com",
	  .action = "RequestServiceQuotaIncrease",
	  .request = "{\"quotaCode\":\"L-1216C47A\",\"desiredValue\":2000}"},
	 "5 Service Quotas - 1 -1 -1 - -"},
	{"protected",
	 {.service = "ec2.amazonaws.com",
	  .action = "ModifyInstanceAttribute",
	  .request = "{\"instanceId\":\"i-1\",\"disableApiTermination\":{\"value\":true}}"},
	 "6 EC2 - 1 -1 -1 - -"},
	{"protection taken off",
	 {.service = "ec2.amazonaws.com",
	  .action = "ModifyInstanceAttribute",
	  .request = "{\"instanceId\":\"i-1\",\"disableApiTermination\":{\"value\":false}}"},
	 ""},
	{"another attribute",
	 {.service = "ec2.amazonaws.com",
	  .action = "ModifyInstanceAttribute",
	  .request = "{\"instanceId\":\"i-1\",\"groupSet\":{}}"},
	 ""},
	{"a look", {.service = "ec2.amazonaws.com", .action = "DescribeInstances"}, ""},
	{"a name that only begins so",
	 {.service = "ec2.amazonaws.com", .action = "RunInstancesX"},
	 ""},
	{"an absurd number is cut",
	 {.service = "ec2.amazonaws.com",
	  .action = "RequestSpotInstances",
	  .request = "{\"instanceCount\":18446744073709551615}"},
	 "1 EC2 Spot - 10000000 -1 -1 - -"},
	{"Azure: a machine, JSON in a text",
	 {.kind = RECORD_AZURE_ACTIVITY,
	  .action = "MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE",
	  .thing = "/subscriptions/s/providers/Microsoft.Compute/virtualMachines/vm1",
	  .request = "{\"requestbody\":\"{\\\"properties\\\":{\\\"hardwareProfile\\\":{"
		     "\\\"vmSize\\\":\\\"Standard_NC24ads_A100_v4\\\"}}}\"}"},
	 "2 virtual machines Standard_NC24ads_A100_v4 1 -1 -1 "
	 "/subscriptions/s/providers/Microsoft.Compute/virtualMachines/vm1 -"},
	{"Azure: an extension of a machine is none",
	 {.kind = RECORD_AZURE_ACTIVITY,
	  .action = "MICROSOFT.COMPUTE/VIRTUALMACHINES/EXTENSIONS/WRITE"},
	 ""},
	{"Azure: a scale set",
	 {.kind = RECORD_AZURE_ACTIVITY,
	  .action = "MICROSOFT.COMPUTE/VIRTUALMACHINESCALESETS/WRITE",
	  .thing = "/s/vmss",
	  .request = "{\"sku\":{\"name\":\"Standard_F16s_v2\",\"capacity\":40}}"},
	 "2 scale sets Standard_F16s_v2 40 -1 -1 /s/vmss -"},
	{"Azure: Batch",
	 {.kind = RECORD_AZURE_ACTIVITY,
	  .action = "MICROSOFT.BATCH/BATCHACCOUNTS/POOLS/WRITE",
	  .thing = "/s/pool",
	  .request =
		  "{\"properties\":{\"vmSize\":\"STANDARD_D4s_v3\",\"scaleSettings\":{"
		  "\"fixedScale\":{\"targetDedicatedNodes\":2,\"targetLowPriorityNodes\":30}}}}"},
	 "2 Batch STANDARD_D4s_v3 32 -1 -1 /s/pool -"},
	{"Azure: machine learning",
	 {.kind = RECORD_AZURE_ACTIVITY,
	  .action = "MICROSOFT.MACHINELEARNINGSERVICES/WORKSPACES/COMPUTES/WRITE",
	  .thing = "/s/ml",
	  .request = "{\"properties\":{\"properties\":{\"vmSize\":\"STANDARD_NC6\","
		     "\"scaleSettings\":{\"maxNodeCount\":9}}}}"},
	 "2 Machine Learning STANDARD_NC6 9 -1 -1 /s/ml -"},
	{"Azure: containers",
	 {.kind = RECORD_AZURE_ACTIVITY,
	  .action = "MICROSOFT.CONTAINERINSTANCE/CONTAINERGROUPS/WRITE",
	  .thing = "/s/c",
	  .request = "{\"properties\":{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":4}}},"
		     "{\"resources\":{\"requests\":{\"cpu\":4}}}]}}"},
	 "2 container instances container instance 1 8 -1 /s/c -"},
	{"Azure: a quota",
	 {.kind = RECORD_AZURE_ACTIVITY, .action = "MICROSOFT.QUOTA/QUOTAS/WRITE"},
	 "5 quota - 1 -1 -1 - -"},
	{"Google: a machine with GPUs",
	 {.kind = RECORD_GCP_AUDIT,
	  .service = "compute.googleapis.com",
	  .action = "v1.compute.instances.insert",
	  .thing = "projects/p/zones/us-central1-a/instances/m",
	  .request =
		  "{\"machineType\":\"projects/p/zones/us-central1-a/machineTypes/n1-standard-8\","
		  "\"guestAccelerators\":[{\"acceleratorType\":\"t4\",\"acceleratorCount\":4}]}"},
	 "2 Compute Engine n1-standard-8 1 -1 4 projects/p/zones/us-central1-a/instances/m -"},
	{"Google: many at once",
	 {.kind = RECORD_GCP_AUDIT,
	  .service = "compute.googleapis.com",
	  .action = "beta.compute.instances.bulkInsert",
	  .thing = "projects/p/zones/z/instances/m",
	  .request =
		  "{\"count\":\"60\",\"instanceProperties\":{\"machineType\":\"c2-standard-16\"}}"},
	 "1 Compute Engine c2-standard-16 60 -1 -1 - -"},
	{"Google: a group",
	 {.kind = RECORD_GCP_AUDIT,
	  .service = "compute.googleapis.com",
	  .action = "v1.compute.instanceGroupManagers.insert",
	  .thing = "projects/p/zones/z/instanceGroupManagers/g",
	  .request = "{\"targetSize\":25,\"instanceTemplate\":\"projects/p/global/"
		     "instanceTemplates/t\"}"},
	 "2 instance groups - 25 -1 -1 projects/p/zones/z/instanceGroupManagers/g t"},
	{"Google: its template",
	 {.kind = RECORD_GCP_AUDIT,
	  .service = "compute.googleapis.com",
	  .action = "v1.compute.instanceTemplates.insert",
	  .thing = "projects/p/global/instanceTemplates/t",
	  .request = "{\"properties\":{\"machineType\":\"n2-standard-32\"}}"},
	 "3 Compute Engine n2-standard-32 1 -1 -1 t -"},
	{"Google: a job",
	 {.kind = RECORD_GCP_AUDIT,
	  .service = "run.googleapis.com",
	  .action = "google.cloud.run.v2.Jobs.CreateJob",
	  .thing = "projects/p/locations/l/jobs/j",
	  .request = "{\"template\":{\"containers\":[{\"resources\":{\"limits\":{\"cpu\":\"2000m\"}"
		     "}}]}}"},
	 "3 Cloud Run cloud run 1 2 -1 j -"},
};

static void add_names(char *out, size_t cap, const struct str names[COMPUTING_NAMES], bool is_told)
{
	size_t at = strlen(out);

	if (!is_told)
		snprintf(out + at, cap - at, " -");
	else
		snprintf(out + at, cap - at, " %.*s%s%.*s", STR_ARG(names[0]),
			 names[1].len > 0 ? "," : "", STR_ARG(names[1]));
}

static void every_service_is_read(void **state)
{
	struct case_nodes *nodes = malloc(sizeof(*nodes));
	struct computing_scratch *scratch = calloc(1, sizeof(*scratch));
	struct record record;
	struct computing_act act;
	char text[512];

	assert_true(nodes && scratch);
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		record_case_fill(&acts[i].row, i, nodes, &record);
		text[0] = '\0';
		if (computing_read(&record.act, scratch, &act)) {
			snprintf(text, sizeof(text), "%d %s %.*s %u %g %g", (int)act.kind,
				 act.service, STR_ARG(act.type.len ? act.type : STR("-")),
				 (unsigned)act.count, act.vcpu, act.gpu);
			add_names(text, sizeof(text), act.names, act.name_kind);
			add_names(text, sizeof(text), act.made_of, act.made_of_kind);
		}
		if (strcmp(text, acts[i].expected) != 0)
			fail_msg("%s: \"%s\" instead of \"%s\"", acts[i].name, text,
				 acts[i].expected);
	}
	free(scratch);
	free(nodes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_service_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
