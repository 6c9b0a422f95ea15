# Outputs and nothing else: what changes is only what is told to others.

variable "release" {
  type = string
}

output "release" {
  value = var.release
}

output "token" {
  value     = "canary-token-of-${var.release}"
  sensitive = true
}
