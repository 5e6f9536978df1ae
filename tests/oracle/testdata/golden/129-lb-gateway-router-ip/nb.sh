ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-sbctl chassis-add hv2 geneve 192.168.0.2 -- set Chassis hv2 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv2 -- create Chassis_Private name=hv2 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw0
ovn-nbctl ls-add ext
ovn-nbctl lr-add r0
ovn-nbctl lrp-add r0 r0-sw0 0a:00:00:00:ff:01 10.0.0.254/24 fd00::1/64 -- lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
ovn-nbctl lrp-add r0 r0-ext 0a:00:00:00:ff:04 172.16.0.1/24 2001:db8::1/64 -- lsp-add ext ext-r0 -- lsp-set-type ext-r0 router -- lsp-set-addresses ext-r0 router -- lsp-set-options ext-r0 router-port=r0-ext
ovn-nbctl lsp-add ext ln-ext -- lsp-set-type ln-ext localnet -- lsp-set-addresses ln-ext unknown -- lsp-set-options ln-ext network_name=phys
ovn-nbctl lsp-add sw0 p1 -- lsp-set-addresses p1 '0a:00:00:00:00:01 10.0.0.1 fd00::11'
ovn-nbctl lsp-add sw0 p2 -- lsp-set-addresses p2 '0a:00:00:00:00:02 10.0.0.2'
ovn-nbctl set Logical_Router r0 options:chassis=hv1
ovn-nbctl lr-nat-add r0 snat 172.16.0.20 10.0.0.0/24
ovn-nbctl lr-nat-add r0 dnat_and_snat 172.16.0.21 10.0.0.1 p1 0a:00:00:00:aa:01
ovn-nbctl lr-nat-add r0 dnat 172.16.0.22 10.0.0.2
ovn-nbctl lr-nat-add r0 dnat_and_snat 172.16.0.23 10.0.0.2
ovn-nbctl lr-nat-add r0 snat 2001:db8::20 fd00::/64
ovn-nbctl lr-nat-add r0 dnat_and_snat 2001:db8::21 fd00::11
ovn-nbctl lb-add tcp4 172.16.0.80:80 10.0.0.1:8080,10.0.0.2:8080
ovn-nbctl lb-add udp4 172.16.0.80:53 10.0.0.1:53 udp
ovn-nbctl lb-add sctp4 172.16.0.81:9 10.0.0.1:9 sctp
ovn-nbctl lb-add ip4 172.16.0.82 10.0.0.1,10.0.0.2
ovn-nbctl lb-add tcp6 '[2001:db8::80]:80' '[fd00::11]:8080'
ovn-nbctl lb-add ip6 2001:db8::82 fd00::11
ovn-nbctl lb-add empty 172.16.0.83:80 ''
ovn-nbctl lb-add reject 172.16.0.84:80 '' tcp
ovn-nbctl set Load_Balancer reject options:reject=true
ovn-nbctl lb-add aff 172.16.0.85:80 10.0.0.1:80,10.0.0.2:80
ovn-nbctl set Load_Balancer aff options:affinity_timeout=60
ovn-nbctl lb-add aff6 '[2001:db8::85]:80' '[fd00::11]:80' udp
ovn-nbctl set Load_Balancer aff6 options:affinity_timeout=60
ovn-nbctl lb-add affip 172.16.0.86 10.0.0.1
ovn-nbctl set Load_Balancer affip options:affinity_timeout=30
ovn-nbctl lb-add skip 172.16.0.87:80 10.0.0.1:80
ovn-nbctl set Load_Balancer skip options:skip_snat=true
ovn-nbctl lb-add affskip 172.16.0.88:80 10.0.0.1:80
ovn-nbctl set Load_Balancer affskip options:skip_snat=true options:affinity_timeout=9
ovn-nbctl lb-add sel 172.16.0.89:80 10.0.0.1:80,10.0.0.2:80
ovn-nbctl set Load_Balancer sel selection_fields=ip_src,ip_dst
ovn-nbctl lb-add none 172.16.0.90:80 10.0.0.1:80
ovn-nbctl set Load_Balancer none options:neighbor_responder=none
ovn-nbctl lb-add all 9.9.9.9:80 10.0.0.1:80
ovn-nbctl set Load_Balancer all options:neighbor_responder=all
ovn-nbctl lb-add nat 172.16.0.21:443 10.0.0.1:443
ovn-nbctl lb-add natip 172.16.0.23 10.0.0.2
ovn-nbctl lb-add own 172.16.0.1:22 10.0.0.1:22
ovn-nbctl lb-add multi 172.16.0.91:80 10.0.0.1:80
ovn-nbctl lb-add multi 172.16.0.91:81 10.0.0.1:81
ovn-nbctl lb-add mixed 172.16.0.92:80 10.0.0.1:80
ovn-nbctl lb-add flush 172.16.0.93:80 10.0.0.1:80
ovn-nbctl set Load_Balancer flush options:ct_flush=true options:hairpin_snat_ip=1.1.1.1
ovn-nbctl lb-add stateless 172.16.0.94:80 10.0.0.1:80
ovn-nbctl set Load_Balancer stateless options:use_stateless_nat=true
ovn-nbctl lb-add rejaff 172.16.0.95:80 ''
ovn-nbctl set Load_Balancer rejaff options:reject=true options:affinity_timeout=5
ovn-nbctl lb-add self 10.0.0.254:80 10.0.0.1:80
ovn-nbctl lr-lb-add r0 tcp4
ovn-nbctl lr-lb-add r0 udp4
ovn-nbctl lr-lb-add r0 sctp4
ovn-nbctl lr-lb-add r0 ip4
ovn-nbctl lr-lb-add r0 tcp6
ovn-nbctl lr-lb-add r0 ip6
ovn-nbctl lr-lb-add r0 empty
ovn-nbctl lr-lb-add r0 reject
ovn-nbctl lr-lb-add r0 aff
ovn-nbctl lr-lb-add r0 aff6
ovn-nbctl lr-lb-add r0 affip
ovn-nbctl lr-lb-add r0 skip
ovn-nbctl lr-lb-add r0 affskip
ovn-nbctl lr-lb-add r0 sel
ovn-nbctl lr-lb-add r0 none
ovn-nbctl lr-lb-add r0 all
ovn-nbctl lr-lb-add r0 nat
ovn-nbctl lr-lb-add r0 natip
ovn-nbctl lr-lb-add r0 own
ovn-nbctl lr-lb-add r0 multi
ovn-nbctl lr-lb-add r0 mixed
ovn-nbctl lr-lb-add r0 flush
ovn-nbctl lr-lb-add r0 stateless
ovn-nbctl lr-lb-add r0 rejaff
ovn-nbctl lr-lb-add r0 self
ovn-nbctl set Logical_Router r0 options:lb_force_snat_ip=router_ip
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
