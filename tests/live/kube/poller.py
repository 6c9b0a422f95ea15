"""Waits for Deployments as teams' own pollers do: it looks once a second until all are rolled out. It never says why
one is not, and changes nothing. Usage: poller.py NAMESPACE name NAME | poller.py NAMESPACE labels SELECTOR"""

import sys
import time

from kubernetes import client, config


def rolled_out(deployment):
    status = deployment.status
    if (status.observed_generation or 0) < deployment.metadata.generation:
        return False
    return status.updated_replicas == status.replicas == status.available_replicas


def main():
    namespace, how, what = sys.argv[1:]
    config.load_kube_config()
    apps = client.AppsV1Api()
    while True:
        if how == "name":
            found = [apps.read_namespaced_deployment(what, namespace)]
        else:
            found = apps.list_namespaced_deployment(namespace, label_selector=what).items
        if found and all(rolled_out(deployment) for deployment in found):
            return
        time.sleep(1)


main()
