#!/bin/bash
# One run on Slurm, of one process or several. At the time limit, after a pre-emption and after
# the loss of a process it is queued again and goes on from its last checkpoint.
#
#   sbatch slurm.sh experiment=ptb_small train.epochs=40
#   sbatch --ntasks=4 slurm.sh experiment=ptb_small mesh.data=-1
#
#SBATCH --job-name=jlstm
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
##SBATCH --gpus-per-task=1
#SBATCH --time=04:00:00
# Two minutes before the limit the run gets SIGUSR2, saves and exits with 140.
#SBATCH --signal=USR2@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=slurm-%j.txt

runs=runs/slurm-$SLURM_JOB_ID # the number stays when a job is queued again
begun=$(ls "$runs"/*/*/config.yaml 2>/dev/null | tail -n 1)
if [ -n "$begun" ]; then
  words=(resume "$(dirname "$begun")")
else
  words=(run "$@" "runs_dir=$runs")
fi
if [ "$SLURM_NTASKS" -gt 1 ]; then
  words+=(distributed=auto)
fi

srun jlstm "${words[@]}"
code=$?
case $code in
  75 | 137 | 140 | 143) # a process lost or killed, time limit, pre-empted
    if [ "${SLURM_RESTART_COUNT:-0}" -lt 20 ]; then
      scontrol requeue "$SLURM_JOB_ID"
    fi
    ;;
esac
exit $code
