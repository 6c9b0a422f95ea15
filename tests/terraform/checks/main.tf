# Checks that hold and one that does not if `healthy` is false; conditions of a resource and an output.

variable "healthy" {
  type = bool
}

resource "terraform_data" "service" {
  count = 2
  input = "web-${count.index}"

  lifecycle {
    postcondition {
      condition     = startswith(self.input, "web-")
      error_message = "the service has another name"
    }
  }
}

check "certificate" {
  assert {
    condition     = var.healthy
    error_message = "the certificate ends in 3 days"
  }
  assert {
    condition     = var.healthy || length(terraform_data.service) > 5
    error_message = "too few services: ${length(terraform_data.service)}"
  }
}

check "names" {
  assert {
    condition     = length(terraform_data.service) == 2
    error_message = "there are not two services"
  }
}

# Known only after the apply.
check "later" {
  assert {
    condition     = terraform_data.service[0].output == "web-0"
    error_message = "the service is not what was asked for"
  }
}

output "first" {
  value = terraform_data.service[0].input

  precondition {
    condition     = length(terraform_data.service) > 0
    error_message = "no service"
  }
}
