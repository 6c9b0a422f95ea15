# A shop as it was. ../after is what becomes of it.

resource "terraform_data" "unchanged" {
  input = "same"
}

resource "terraform_data" "updated" {
  input = { image = "web:v1", replicas = 2, token = sensitive("canary-old-token-1d07") }
}

resource "terraform_data" "replaced" {
  input            = "disk"
  triggers_replace = ["10GB", sensitive("canary-disk-key-4e11")]
}

resource "terraform_data" "replaced_first_created" {
  input            = "certificate"
  triggers_replace = "2025"
  lifecycle {
    create_before_destroy = true
  }
}

resource "terraform_data" "deleted" {
  input = "no longer needed"
}

resource "terraform_data" "counted" {
  count = 3
  input = count.index
}

resource "terraform_data" "forgotten" {
  input = "belongs to another team now"
}

resource "terraform_data" "old_name" {
  input = "moved as it is"
}

resource "terraform_data" "old_and_changed" {
  input = "moved and changed: before"
}

resource "terraform_data" "keyed" {
  for_each = toset(["eu", "us"])
  input    = each.key
}
