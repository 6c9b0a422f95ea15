# A service: its image, and one task for each replica.

variable "name" {
  type = string
}

variable "release" {
  type = string
}

variable "replicas" {
  type = number
}

variable "subnets" {
  type = list(object({ zone = string, cidr = string }))
}

resource "terraform_data" "image" {
  input = "registry.example.com/shop/${var.name}:${var.release}"
}

resource "terraform_data" "task" {
  count            = var.replicas
  input            = { image = terraform_data.image.output, zone = var.subnets[count.index % 3].zone }
  triggers_replace = [var.release]
}

output "image" {
  value = terraform_data.image.output
}
