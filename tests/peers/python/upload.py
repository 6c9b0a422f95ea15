"""Uploads a folder to S3 the way scripts do: boto3, a pool of threads, one call for each file."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

THREADS = 16

folder, bucket, prefix, endpoint = sys.argv[1:]
config = Config(max_pool_connections=THREADS, s3={"addressing_style": "path"})
client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config)
files = [os.path.join(top, name) for top, _, names in os.walk(folder) for name in names if name[0] != "."]


def upload(path):
    client.upload_file(path, bucket, prefix + os.path.relpath(path, folder))


with ThreadPoolExecutor(THREADS) as pool:
    list(pool.map(upload, files))
