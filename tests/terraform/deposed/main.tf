# A replacement that stops half way while the file `stuck` is there: the new server is made, what follows it fails,
# so the old server stays behind, deposed.

variable "generation" {
  type = number
}

resource "terraform_data" "server" {
  input            = "server of generation ${var.generation}"
  triggers_replace = var.generation

  lifecycle {
    create_before_destroy = true
  }
}

resource "terraform_data" "address" {
  input            = terraform_data.server.id
  triggers_replace = terraform_data.server.id

  provisioner "local-exec" {
    command = "test ! -e stuck"
  }
}
