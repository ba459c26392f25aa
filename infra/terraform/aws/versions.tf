# Clearcut on AWS: S3 tells an SQS queue of uploads, workers on ECS take from it, on GPUs or on processors.
terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}
