data "aws_region" "this" {}

locals {
  environment = merge({
    CLEARCUT_STORE         = "s3"
    CLEARCUT_S3_REGION     = data.aws_region.this.region
    CLEARCUT_INPUT_BUCKET  = aws_s3_bucket.this["uploads"].id
    CLEARCUT_OUTPUT_BUCKET = aws_s3_bucket.this["results"].id
    CLEARCUT_EVENTS        = "sqs"
    CLEARCUT_SQS_URL       = aws_sqs_queue.events.url
    CLEARCUT_DEVICE        = var.gpu ? "cuda" : "cpu"
    CLEARCUT_LOG_FORMAT    = "json"
  }, var.environment)
}

resource "aws_cloudwatch_log_group" "worker" {
  name              = "/clearcut/${var.name}"
  retention_in_days = 30
}

resource "aws_ecs_task_definition" "worker" {
  family                   = var.name
  requires_compatibilities = ["EC2"]
  # A network interface of its own, so that the task gets its role and nothing of the instance's.
  network_mode       = "awsvpc"
  task_role_arn      = aws_iam_role.worker.arn
  execution_role_arn = aws_iam_role.execution.arn
  container_definitions = jsonencode([{
    name              = "clearcut"
    image             = var.image
    command           = ["run"]
    essential         = true
    memoryReservation = 3072
    environment       = [for key in sort(keys(local.environment)) : { name = key, value = local.environment[key] }]
    # One worker an instance: processors are not divided.
    resourceRequirements = var.gpu ? [{ type = "GPU", value = "1" }] : []
    # The images in flight get 30 s to finish (CLEARCUT_SHUTDOWN_GRACE).
    stopTimeout = 40
    healthCheck = {
      command     = ["CMD", "node", "-e", "fetch('http://127.0.0.1:8787/healthz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
      interval    = 10
      timeout     = 5
      retries     = 6
      startPeriod = 300
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.worker.name
        awslogs-region        = data.aws_region.this.region
        awslogs-stream-prefix = "worker"
      }
    }
  }])
}

resource "aws_ecs_service" "worker" {
  name            = "worker"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.worker.arn
  desired_count   = 0
  capacity_provider_strategy {
    capacity_provider = aws_ecs_capacity_provider.worker.name
    weight            = 1
  }
  network_configuration {
    subnets         = var.subnet_ids
    security_groups = var.security_group_ids
  }
  placement_constraints {
    type = "distinctInstance"
  }
  lifecycle {
    # The alarms below set it.
    ignore_changes = [desired_count]
  }
  depends_on = [aws_ecs_cluster_capacity_providers.this, aws_iam_role_policy.worker]
}
