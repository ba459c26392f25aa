output "uploads_bucket" {
  description = "Where pictures are put."
  value       = aws_s3_bucket.this["uploads"].id
}

output "results_bucket" {
  description = "Where cut-outs, records and dead letters appear."
  value       = aws_s3_bucket.this["results"].id
}

output "queue_url" {
  description = "The queue of events."
  value       = aws_sqs_queue.events.url
}

output "worker_role_arn" {
  description = "The role of the workers, for further rights."
  value       = aws_iam_role.worker.arn
}
