# What becomes of ../before: each action once or more.

resource "terraform_data" "unchanged" {
  input = "same"
}

resource "terraform_data" "updated" {
  input = { image = "web:v2", replicas = 2, token = sensitive("canary-new-token-2e18") }
}

resource "terraform_data" "replaced" {
  input            = "disk"
  triggers_replace = ["20GB", sensitive("canary-disk-key-5f22")]
}

resource "terraform_data" "replaced_first_created" {
  input            = "certificate"
  triggers_replace = "2026"
  lifecycle {
    create_before_destroy = true
  }
}

resource "terraform_data" "counted" {
  count = 2
  input = count.index
}

removed {
  from = terraform_data.forgotten
}

moved {
  from = terraform_data.old_name
  to   = terraform_data.new_name
}

resource "terraform_data" "new_name" {
  input = "moved as it is"
}

moved {
  from = terraform_data.old_and_changed
  to   = terraform_data.new_and_changed
}

resource "terraform_data" "new_and_changed" {
  input = "moved and changed: after"
}

resource "terraform_data" "keyed" {
  for_each = toset(["eu", "ap \"south\""])
  input    = each.key
}

# As it is: the import has no input, so none may be wanted.
import {
  to = terraform_data.imported
  id = "imported-1"
}

resource "terraform_data" "imported" {}

import {
  to = terraform_data.imported_and_changed
  id = "imported-2"
}

resource "terraform_data" "imported_and_changed" {
  input = "set after the import"
}

resource "terraform_data" "created" {
  input = { region = "eu", token = sensitive("canary-created-3f29") }
}

# Read only after `created` is there.
data "terraform_remote_state" "other" {
  backend    = "local"
  config     = { path = "${path.module}/other.tfstate" }
  depends_on = [terraform_data.created]
}

output "release" {
  value     = terraform_data.updated.output.image
  sensitive = true
}
