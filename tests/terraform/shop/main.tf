# A shop: a network, names, a database and a service for each part.

terraform {
  required_version = ">= 1.7"
}

variable "release" {
  description = "What runs."
  type        = string
  default     = "v1.7.3"
}

variable "replicas" {
  type    = number
  default = 3
}

variable "db_password" {
  type      = string
  sensitive = true
  default   = "canary-Db/Pass+\"8812\"\\x"
}

module "network" {
  source = "./modules/network"
  cidr   = "10.20.0.0/16"
  zones  = ["a", "b", "c"]
}

module "service" {
  source   = "./modules/service"
  for_each = toset(["web", "cart", "größe \"東京\""])

  name     = each.key
  release  = var.release
  replicas = var.replicas
  subnets  = module.network.subnets
}

resource "terraform_data" "dns" {
  for_each = {
    "shop.example.com"     = "192.0.2.10"
    "api.shop.example.com" = "192.0.2.11"
  }
  input = { name = each.key, address = each.value, ttl = 300 }
}

resource "terraform_data" "db" {
  input = {
    host     = "db.shop.internal"
    port     = 5432
    user     = "orders"
    password = var.db_password
    replicas = [for n in range(2) : { host = "db-${n}.shop.internal", token = "canary-replica-${n}-51c9" }]
  }
}
