locals {
  buckets = toset(["uploads", "results"])
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets
  # A suffix that nobody else has: names of buckets are shared by all of AWS.
  bucket_prefix = "${var.name}-${each.key}-"
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each                = local.buckets
  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.this[each.key].id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# Nothing is read or written without TLS.
data "aws_iam_policy_document" "tls_only" {
  for_each = local.buckets
  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this[each.key].arn, "${aws_s3_bucket.this[each.key].arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "tls_only" {
  for_each = local.buckets
  bucket   = aws_s3_bucket.this[each.key].id
  policy   = data.aws_iam_policy_document.tls_only[each.key].json
}

resource "aws_s3_bucket_lifecycle_configuration" "uploads" {
  bucket = aws_s3_bucket.this["uploads"].id
  rule {
    id     = "abandoned-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
  dynamic "rule" {
    for_each = var.expire_days.uploads > 0 ? [var.expire_days.uploads] : []
    content {
      id     = "expire"
      status = "Enabled"
      filter {}
      expiration {
        days = rule.value
      }
    }
  }
}

# Records stay: they tell the sweep that an input was done.
resource "aws_s3_bucket_lifecycle_configuration" "results" {
  count  = var.expire_days.cutouts > 0 ? 1 : 0
  bucket = aws_s3_bucket.this["results"].id
  rule {
    id     = "expire"
    status = "Enabled"
    filter {
      prefix = "cutouts/"
    }
    expiration {
      days = var.expire_days.cutouts
    }
  }
}

resource "aws_s3_bucket_cors_configuration" "this" {
  for_each = length(var.cors_origins) > 0 ? { uploads = ["PUT", "POST"], results = ["GET", "HEAD"] } : {}
  bucket   = aws_s3_bucket.this[each.key].id
  cors_rule {
    allowed_methods = each.value
    allowed_origins = var.cors_origins
    allowed_headers = ["*"]
    expose_headers  = ["ETag"]
    max_age_seconds = 3600
  }
}
