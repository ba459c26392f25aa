locals {
  instance_type = var.instance_type != "" ? var.instance_type : var.gpu ? "g6.xlarge" : "c7i.xlarge"
  # The image of Amazon Linux that ECS is made for, and where AWS says which is the newest.
  ami_parameter = "/aws/service/ecs/optimized-ami/amazon-linux-2023/${var.gpu ? "gpu/" : ""}recommended/image_id"
}

data "aws_ssm_parameter" "ami" {
  name = local.ami_parameter
}

resource "aws_ecs_cluster" "this" {
  name = var.name
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_launch_template" "worker" {
  name_prefix            = "${var.name}-"
  image_id               = data.aws_ssm_parameter.ami.value
  instance_type          = local.instance_type
  update_default_version = true
  vpc_security_group_ids = var.security_group_ids
  iam_instance_profile {
    arn = aws_iam_instance_profile.instance.arn
  }
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      # The CUDA image alone has several GB.
      volume_size = var.gpu ? 60 : 30
      volume_type = "gp3"
      encrypted   = true
    }
  }
  user_data = base64encode(<<-EOT
    #!/bin/bash
    echo ECS_CLUSTER=${aws_ecs_cluster.this.name} >> /etc/ecs/ecs.config
    echo ECS_ENABLE_GPU_SUPPORT=${var.gpu} >> /etc/ecs/ecs.config
  EOT
  )
}

resource "aws_autoscaling_group" "worker" {
  name_prefix         = "${var.name}-"
  min_size            = 0
  max_size            = var.max_workers
  vpc_zone_identifier = var.subnet_ids
  # ECS ends an instance only when no task runs on it.
  protect_from_scale_in = true
  launch_template {
    id      = aws_launch_template.worker.id
    version = aws_launch_template.worker.latest_version
  }
  tag {
    key                 = "AmazonECSManaged"
    value               = "true"
    propagate_at_launch = true
  }
  tag {
    key                 = "Name"
    value               = var.name
    propagate_at_launch = true
  }
  lifecycle {
    # ECS sets it, by how many tasks there are.
    ignore_changes = [desired_capacity]
  }
}

resource "aws_ecs_capacity_provider" "worker" {
  # No fixed name: two of the same name may not follow each other when the group is replaced.
  name = aws_autoscaling_group.worker.name
  auto_scaling_group_provider {
    auto_scaling_group_arn         = aws_autoscaling_group.worker.arn
    managed_termination_protection = "ENABLED"
    managed_scaling {
      status          = "ENABLED"
      target_capacity = 100
    }
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = [aws_ecs_capacity_provider.worker.name]
}
