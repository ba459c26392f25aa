# As many workers as the queue is deep: none while it is empty, one for the first image, then one more for every
# images_per_worker.
resource "aws_appautoscaling_target" "worker" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.worker.name}"
  min_capacity       = 0
  max_capacity       = var.max_workers
}

resource "aws_appautoscaling_policy" "out" {
  name               = "${var.name}-out"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.worker.service_namespace
  scalable_dimension = aws_appautoscaling_target.worker.scalable_dimension
  resource_id        = aws_appautoscaling_target.worker.resource_id
  step_scaling_policy_configuration {
    adjustment_type         = "ExactCapacity"
    metric_aggregation_type = "Maximum"
    cooldown                = 60
    dynamic "step_adjustment" {
      for_each = range(var.max_workers)
      content {
        # Bounds count from the alarm's threshold, which is 0.
        metric_interval_lower_bound = step_adjustment.value * var.images_per_worker
        metric_interval_upper_bound = step_adjustment.value + 1 < var.max_workers ? (step_adjustment.value + 1) * var.images_per_worker : null
        scaling_adjustment          = step_adjustment.value + 1
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "waiting" {
  alarm_name          = "${var.name}-waiting"
  alarm_description   = "Images wait: workers are started."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.events.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.out.arn]
}

resource "aws_appautoscaling_policy" "to_zero" {
  name               = "${var.name}-to-zero"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.worker.service_namespace
  scalable_dimension = aws_appautoscaling_target.worker.scalable_dimension
  resource_id        = aws_appautoscaling_target.worker.resource_id
  step_scaling_policy_configuration {
    adjustment_type         = "ExactCapacity"
    metric_aggregation_type = "Maximum"
    cooldown                = 60
    step_adjustment {
      metric_interval_upper_bound = 0
      scaling_adjustment          = 0
    }
  }
}

# Also what is worked on counts, or the last images would lose their worker.
resource "aws_cloudwatch_metric_alarm" "idle" {
  alarm_name          = "${var.name}-idle"
  alarm_description   = "Nothing has waited or been worked on for ten minutes: workers are stopped."
  evaluation_periods  = 10
  comparison_operator = "LessThanOrEqualToThreshold"
  threshold           = 0
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_appautoscaling_policy.to_zero.arn]
  metric_query {
    id          = "total"
    expression  = "visible + inflight"
    label       = "Images waiting or in work"
    return_data = true
  }
  dynamic "metric_query" {
    for_each = {
      visible  = "ApproximateNumberOfMessagesVisible"
      inflight = "ApproximateNumberOfMessagesNotVisible"
    }
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/SQS"
        metric_name = metric_query.value
        dimensions  = { QueueName = aws_sqs_queue.events.name }
        stat        = "Maximum"
        period      = 60
      }
    }
  }
}
