#!/bin/bash
# One run on all hosts of a TPU pod; JAX finds them. The folder SHARED is one that every host
# mounts. Give the folder of the run to go on after a pre-emption:
#
#   bash tpu.sh NAME ZONE SHARED run experiment=ptb_small mesh.data=-1
#   bash tpu.sh NAME ZONE SHARED resume runs/ptb_small/20260131-235959
name=$1 zone=$2 shared=$3
shift 3
gcloud compute tpus tpu-vm ssh "$name" --zone="$zone" --worker=all \
  --command="cd $shared && .venv/bin/jlstm $* distributed=auto"
