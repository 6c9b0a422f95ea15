# A network with a subnet in each zone.

variable "cidr" {
  type = string
}

variable "zones" {
  type = list(string)
}

resource "terraform_data" "vpc" {
  input = var.cidr
}

resource "terraform_data" "subnet" {
  count = length(var.zones)
  input = {
    zone = var.zones[count.index]
    cidr = cidrsubnet(terraform_data.vpc.output, 8, count.index)
  }
}

output "cidr" {
  value = terraform_data.vpc.output
}

output "subnets" {
  value = terraform_data.subnet[*].output
}
