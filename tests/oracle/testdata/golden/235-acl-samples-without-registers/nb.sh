F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1; ovn-sbctl set Chassis hv1 other_config:ovn-sample-with-registers=false
ovn-nbctl ls-add sw0; ovn-nbctl lsp-add sw0 p0 -- lsp-set-addresses p0 "0a:00:00:00:00:01 10.0.0.1"; ovn-nbctl lsp-add sw0 p1 -- lsp-set-addresses p1 unknown
ovn-nbctl set Logical_Switch sw0 other_config:fdb_age_threshold=10
ovn-nbctl lsp-add sw0 ln -- lsp-set-type ln localnet -- lsp-set-addresses ln unknown -- lsp-set-options ln network_name=ph localnet_learn_fdb=true
for a in allow allow-related allow-stateless drop reject pass; do for d in from-lport to-lport; do ovn-nbctl acl-add sw0 $d $((++i)) "ip4.src == 1.1.1.$i" $a; done; done
ovn-nbctl --label=7 acl-add sw0 from-lport 77 ip4 allow-related
c0=$(ovn-nbctl create Sample_Collector id=1 name=c0 probability=100 set_id=7); ovn-nbctl create Sampling_App type=acl-new id=10 >/dev/null;ovn-nbctl create Sampling_App type=acl-est id=11 >/dev/null
ovn-nbctl --id=@s create Sample metadata=5 collectors=$c0 -- --id=@e create Sample metadata=6 collectors=$c0 -- --id=@a create ACL action=allow-related direction=from-lport priority=99 match=ip6 sample_new=@s sample_est=@e -- add Logical_Switch sw0 acls @a >/dev/null
ovn-nbctl lb-add l0 10.0.0.100:80 10.0.0.1:80,10.0.0.2:80; ovn-nbctl set Load_Balancer l0 options:affinity_timeout=10 options:hairpin_snat_ip=1.1.1.1; ovn-nbctl ls-lb-add sw0 l0
ovn-nbctl lb-add l6 [fd00::1]:80 [fd00::2]:80; ovn-nbctl ls-lb-add sw0 l6
