# A plan that fails half way: the second resource says no.

resource "terraform_data" "fine" {
  input = "planned before the failure"
}

resource "terraform_data" "refused" {
  input = terraform_data.fine.input

  lifecycle {
    precondition {
      condition     = length(terraform_data.fine.input) < 3
      error_message = "the input is too long"
    }
  }
}
