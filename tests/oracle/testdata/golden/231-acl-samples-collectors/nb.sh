APPS="acl-new acl-est drop"
# What is sampled, by action, by whether a connection is new, by how many collectors there are, and with a label.
c0=$(ovn-nbctl create Sample_Collector id=1 name=c0 probability=100 set_id=7); c1=$(ovn-nbctl create Sample_Collector id=2 name=c1 probability=65535 set_id=8); c2=$(ovn-nbctl create Sample_Collector id=3 name=c2 probability=10 set_id=9)
for a in $APPS; do ovn-nbctl create Sampling_App type=$a id=1$((++k)) >/dev/null; done
n=10; m=0; i=0
for act in allow allow-related allow-stateless drop reject pass; do
ovn-nbctl ls-add $act; ovn-nbctl acl-add $act from-lport 1 1 allow-related
for dir in from-lport to-lport; do n=$((n+1))
for what in "sample_new=@s" "sample_est=@e" "sample_new=@s sample_est=@f" "sample_new=@s label=7" "sample_est=@e label=8" "sample_new=@t sample_est=@f" "sample_new=@s sample_est=@t" "sample_new=@t label=3" "sample_est=@u" "sample_est=@t" "sample_est=@t label=4" "sample_new=@u label=5"; do
m=$((m+1)); mk=""
for x in "s $c1" "e $c0" "f $c2" "t $c0,$c1" "u"; do set -- $x; case " ${what//=/ } " in *" @$1 "*) i=$((i+1)); mk="$mk --id=@$1 create Sample metadata=$i ${2:+collectors=$2} --";; esac; done
ovn-nbctl $mk --id=@a create ACL action=$act direction=$dir priority=$n match="\"ip4.src == 10.4.$n.$m\"" $what -- add Logical_Switch $act acls @a >/dev/null
done; done; done
