variable "name" {
  description = "Start of all names; must be free as the start of two bucket names."
  type        = string
  default     = "clearcut"
}

variable "image" {
  description = "Container image in a registry that the instances reach; the one built with --target cuda for GPUs."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the instances: private ones with a way to S3, SQS, ECR and the source of the model (NAT)."
  type        = list(string)
}

variable "security_group_ids" {
  description = "Security groups of the instances. Nothing has to come in."
  type        = list(string)
}

variable "gpu" {
  description = "Whether workers run on NVIDIA GPUs, one each; else on processors."
  type        = bool
  default     = true
}

variable "instance_type" {
  description = "Empty: g6.xlarge with a GPU (one L4), c7i.xlarge without (int8 needs VNNI to be fast)."
  type        = string
  default     = ""
}

variable "max_workers" {
  description = "Most workers at once, an instance each. There are none while the queue is empty."
  type        = number
  default     = 4
}

variable "images_per_worker" {
  description = "Waiting images for which one more worker is started."
  type        = number
  default     = 200
}

variable "environment" {
  description = "Further settings, such as { CLEARCUT_OPTIONS = \"format=webp\" }."
  type        = map(string)
  default     = {}
}

variable "expire_days" {
  description = "Days after which uploads, and cut-outs, are deleted; 0 keeps them."
  type        = object({ uploads = number, cutouts = number })
  default     = { uploads = 0, cutouts = 0 }
}

variable "cors_origins" {
  description = "Origins whose pages may upload and read with links, such as [\"https://shop.example\"]."
  type        = list(string)
  default     = []
}

variable "alarm_topic_arns" {
  description = "SNS topics that alarms are sent to."
  type        = list(string)
  default     = []
}
