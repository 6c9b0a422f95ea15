# Every kind of value that an output can have.

output "cluster_name" {
  value = "shop-prod-eu"
}

output "network" {
  value = {
    cidr    = module.network.cidr
    subnets = module.network.subnets
  }
}

output "dns" {
  value = { for name, record in terraform_data.dns : name => record.output.address }
}

output "images" {
  value = [for service in module.service : service.image]
}

output "zones" {
  value = toset(["b", "a", "c"])
}

output "mixed" {
  value = ["one", 2, true, null, { three = 3.5 }]
}

output "enabled" {
  value = true
}

output "replicas" {
  value = var.replicas
}

# One more than the largest number that a float holds with all before it.
output "account" {
  value = 9007199254740993
}

output "serial" {
  value = 123456789012345678901234567890
}

output "ratio" {
  value = 0.1
}

output "tiny" {
  value = 0.000000015
}

output "empty" {
  value = ""
}

output "empty_list" {
  value = []
}

output "nothing" {
  value = null
}

output "banner" {
  value = "Welcome\n  to the shop\n\n"
}

output "windows" {
  value = "first\r\nsecond\r\n"
}

output "unicode" {
  value = "größe 東京 \U0001F6D2 e\u0301 \u00a0"
}

output "quoted" {
  value = "'\"`\\ \\n $HOME $(id) %0A <b>&amp;</b> $${{ github.token }} | a ::error::b\n::set-output name=x::y"
}

output "list_of_text" {
  value = "[\"not\", \"a list\"]"
}

output "db_password" {
  value     = var.db_password
  sensitive = true
}

output "db" {
  value     = terraform_data.db.output
  sensitive = true
}

output "tls_key" {
  value     = <<-PEM
    -----BEGIN PRIVATE KEY-----
    canaryMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us
    canary8cKjMzEfYyjiWA4R4ypbPvMdDVUk0iQoNqv3DQUSqSvNIsJbJXyxOc2kQ1pN
    -----END PRIVATE KEY-----
  PEM
  sensitive = true
}

output "kubeconfig" {
  value     = yamlencode({ users = [{ name = "ci", user = { token = "canary-kube-77ad" } }] })
  sensitive = true
}

output "pin" {
  value     = "q7!"
  sensitive = true
}

output "quota" {
  value     = 9007199254740997
  sensitive = true
}

output "no_secret" {
  value     = null
  sensitive = true
}

output "blank_secret" {
  value     = ""
  sensitive = true
}
