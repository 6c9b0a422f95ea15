# Files that someone changes or deletes behind the back of the state.

terraform {
  required_providers {
    local = { source = "hashicorp/local" }
  }
}

resource "local_file" "page" {
  for_each = toset(["index", "cart"])
  filename = "${path.module}/site/${each.key}.html"
  content  = "<h1>${each.key}</h1>\n"
}
