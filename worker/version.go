package worker

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// deployment makes the worker a version of the deployment that is called like its queue. Cohorts move to the current
// version by themselves: they may wait for months, and the replay tests hold every version to their histories.
func deployment(queue, build string) sdk.DeploymentOptions {
	if build == "" {
		return sdk.DeploymentOptions{}
	}
	return sdk.DeploymentOptions{
		UseVersioning:             true,
		Version:                   sdk.WorkerDeploymentVersion{DeploymentName: queue, BuildID: build},
		DefaultVersioningBehavior: workflow.VersioningBehaviorAutoUpgrade,
	}
}

// Promote makes a build that is running the current one: new cohorts start on its workers, and those that wait go on
// there.
func Promote(ctx context.Context, c client.Client, queue, build string) error {
	_, err := c.WorkerDeploymentClient().GetHandle(queue).SetCurrentVersion(ctx, client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})
	if err != nil {
		return fmt.Errorf("making build %s of %s the current one: %w", build, queue, err)
	}
	return nil
}
