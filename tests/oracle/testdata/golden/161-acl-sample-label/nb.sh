F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1
ovn-nbctl ls-add sw0; ovn-nbctl lsp-add sw0 p0 -- lsp-set-addresses p0 "0a:00:00:00:00:01 10.0.0.1"; ovn-nbctl lsp-add sw0 p1
ovn-nbctl pg-add pg0 p0 p1
ovn-nbctl meter-add m0 drop 10 pktps; ovn-nbctl --fair meter-add m1 drop 10 kbps 5
ovn-nbctl ls-add sw2
c0=$(ovn-nbctl create Sample_Collector id=1 name=c0 probability=100 set_id=7); c1=$(ovn-nbctl create Sample_Collector id=2 name=c1 probability=65535 set_id=8)
ovn-nbctl create Sampling_App type=acl-new id=10 >/dev/null; ovn-nbctl create Sampling_App type=acl-est id=11 >/dev/null; ovn-nbctl create Sampling_App type=drop id=12 >/dev/null
acl() { ovn-nbctl --id=@a create ACL "$@" -- add Logical_Switch sw0 acls @a >/dev/null; }
pgacl() { ovn-nbctl --id=@a create ACL "$@" -- add Port_Group pg0 acls @a >/dev/null; }
n=10
for act in allow allow-related allow-stateless drop reject pass; do for dir in from-lport to-lport; do n=$((n+1))
acl action=$act direction=$dir priority=$n match="\"ip4.src == 10.0.$n.1\"" log=true severity=debug name=a$n meter=m0 label=$n
acl action=$act direction=$dir priority=$n match="\"ip4.src == 10.1.$n.1\"" log=true meter=m1 tier=1
acl action=$act direction=$dir priority=$n match="\"ip4.src == 10.2.$n.1\"" options:apply-after-lb=true options:log-related=true tier=2 log=true name=x
pgacl action=$act direction=$dir priority=$n match="\"outport == @pg0 && ip4.src == 10.3.$n.1\"" meter=nope log=true external_ids:a=b
ovn-nbctl --id=@s create Sample metadata=$n collectors=$c1 -- --id=@e create Sample metadata=$((n+100)) collectors=$c1 -- --id=@a create ACL action=$act direction=$dir priority=$n match="\"ip4.src == 10.4.$n.1\"" sample_new=@s sample_est=@e -- add Logical_Switch sw0 acls @a >/dev/null
ovn-nbctl --id=@s create Sample metadata=$((n+600)) -- --id=@a create ACL action=$act direction=$dir priority=$n match="\"ip4.src == 10.5.$n.1\"" sample_new=@s label=9 -- add Logical_Switch sw0 acls @a >/dev/null
ovn-nbctl --id=@e create Sample metadata=$((n+300)) collectors=$c0 -- --id=@a create ACL action=$act direction=$dir priority=$n match="\"ip4.src == 10.6.$n.1\"" sample_est=@e options:apply-after-lb=true tier=3 -- add Port_Group pg0 acls @a >/dev/null
done; done
ovn-nbctl lsp-add sw2 ln -- lsp-set-type ln localnet -- lsp-set-options ln network_name=ph localnet_learn_fdb=true ethtype=802.11ad -- lsp-set-addresses ln unknown
ovn-nbctl lsp-add sw2 ex -- lsp-set-type ex external -- lsp-set-addresses ex "0a:00:00:00:02:01 10.2.0.1"
ovn-nbctl ha-chassis-group-add hg; ovn-nbctl ha-chassis-group-add-chassis hg hv1 5; ovn-nbctl set Logical_Switch_Port ex ha_chassis_group=$(ovn-nbctl --bare --columns=_uuid find HA_Chassis_Group name=hg)
ovn-nbctl lsp-add sw2 lk -- lsp-set-options lk qos_max_rate=1000 qos_burst=10 qos_min_rate=5 requested-chassis=hv1 activation-strategy=rarp
ovn-nbctl sync
