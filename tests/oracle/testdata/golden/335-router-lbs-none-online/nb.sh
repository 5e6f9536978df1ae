ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-sbctl chassis-add hv2 geneve 192.168.0.2 -- set Chassis hv2 $(ovn-sbctl get Chassis hv1 other_config | tr -d '{} "' | sed 's/^/other_config:/; s/,/ other_config:/g')
ovn-nbctl meter-add m1 drop 10 kbps
ovn-nbctl --id=@c create Copp name=c1 meters:reject=m1 -- lr-add r1 -- set Logical_Router r1 copp=@c
ovn-nbctl lr-add r0
ovn-nbctl lr-add r2
ovn-nbctl lr-add r3 -- set Logical_Router r3 options:chassis=hv1 options:lb_force_snat_ip=10.9.0.1
ovn-nbctl ls-add sw1
ovn-nbctl lsp-add sw1 vm1 -- lsp-set-addresses vm1 "0a:00:00:00:00:11 10.1.0.11"
ovn-nbctl lrp-add r1 r1-a 0a:00:00:00:01:01 10.1.0.1/24 fd01::1/64 -- lsp-add sw1 sw1-r1 -- lsp-set-type sw1-r1 router -- lsp-set-addresses sw1-r1 router -- lsp-set-options sw1-r1 router-port=r1-a
ovn-nbctl lrp-set-gateway-chassis r1-a hv1
ovn-nbctl lrp-add r0 r0-a 0a:00:00:00:01:02 10.1.0.2/24
ovn-nbctl lrp-add r2 r2-a 0a:00:00:00:02:01 10.2.0.1/24
ovn-nbctl lrp-add r2 r2-b 0a:00:00:00:02:02 10.3.0.1/24
ovn-nbctl lrp-set-gateway-chassis r2-a hv1
ovn-nbctl lrp-set-gateway-chassis r2-b hv2
ovn-nbctl lrp-add r3 r3-a 0a:00:00:00:03:01 10.4.0.1/24
ovn-nbctl lb-add lb1 10.96.0.1:80 10.1.0.11:80,10.1.0.12:80 tcp
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.1:80"' -- add Load_Balancer lb1 health_check @h
ovn-nbctl lr-lb-add r0 lb1 -- lr-lb-add r1 lb1 -- lr-lb-add r2 lb1 -- lr-lb-add r3 lb1 -- ls-lb-add sw1 lb1
ovn-nbctl lb-add lb2 10.96.0.2:80 10.1.0.11:80,10.1.0.12:80 tcp
ovn-nbctl set Load_Balancer lb2 ip_port_mappings:10.1.0.11=vm1:10.1.0.3
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.2:80"' -- add Load_Balancer lb2 health_check @h
ovn-nbctl lr-lb-add r0 lb2 -- lr-lb-add r1 lb2 -- lr-lb-add r2 lb2 -- lr-lb-add r3 lb2 -- ls-lb-add sw1 lb2
ovn-nbctl lb-add lb3 10.96.0.3:80 10.1.0.11:80,10.1.0.12:80 tcp
ovn-nbctl set Load_Balancer lb3 options:reject=true
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.3:80"' -- add Load_Balancer lb3 health_check @h
ovn-nbctl lr-lb-add r0 lb3 -- lr-lb-add r1 lb3 -- lr-lb-add r2 lb3 -- lr-lb-add r3 lb3 -- ls-lb-add sw1 lb3
ovn-nbctl lb-add lb4 10.96.0.4:80 10.1.0.11:80,10.1.0.12:80 tcp
ovn-nbctl set Load_Balancer lb4 options:reject=true
ovn-nbctl set Load_Balancer lb4 ip_port_mappings:10.1.0.11=vm1:10.1.0.3
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.4:80"' -- add Load_Balancer lb4 health_check @h
ovn-nbctl lr-lb-add r0 lb4 -- lr-lb-add r1 lb4 -- lr-lb-add r2 lb4 -- lr-lb-add r3 lb4 -- ls-lb-add sw1 lb4
ovn-nbctl lb-add lb5 10.96.0.5:80 10.1.0.11:80,10.1.0.12:80 tcp
ovn-nbctl set Load_Balancer lb5 options:reject=true options:skip_snat=true
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.5:80"' -- add Load_Balancer lb5 health_check @h
ovn-nbctl lr-lb-add r0 lb5 -- lr-lb-add r1 lb5 -- lr-lb-add r2 lb5 -- lr-lb-add r3 lb5 -- ls-lb-add sw1 lb5
ovn-nbctl lb-add lb6 10.96.0.6:80 10.1.0.11:80,10.1.0.12:80 tcp
ovn-nbctl set Load_Balancer lb6 options:reject=true options:skip_snat=true
ovn-nbctl set Load_Balancer lb6 ip_port_mappings:10.1.0.11=vm1:10.1.0.3
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.6:80"' -- add Load_Balancer lb6 health_check @h
ovn-nbctl lr-lb-add r0 lb6 -- lr-lb-add r1 lb6 -- lr-lb-add r2 lb6 -- lr-lb-add r3 lb6 -- ls-lb-add sw1 lb6
ovn-nbctl lb-add lb7 10.96.0.7:80 10.1.0.11:80,10.1.0.12:80 tcp
ovn-nbctl set Load_Balancer lb7 options:reject=true options:use_stateless_nat=true
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.7:80"' -- add Load_Balancer lb7 health_check @h
ovn-nbctl lr-lb-add r0 lb7 -- lr-lb-add r1 lb7 -- lr-lb-add r2 lb7 -- lr-lb-add r3 lb7 -- ls-lb-add sw1 lb7
ovn-nbctl lb-add lb8 10.96.0.8:80 10.1.0.11:80,10.1.0.12:80 tcp
ovn-nbctl set Load_Balancer lb8 options:reject=true options:use_stateless_nat=true
ovn-nbctl set Load_Balancer lb8 ip_port_mappings:10.1.0.11=vm1:10.1.0.3
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.8:80"' -- add Load_Balancer lb8 health_check @h
ovn-nbctl lr-lb-add r0 lb8 -- lr-lb-add r1 lb8 -- lr-lb-add r2 lb8 -- lr-lb-add r3 lb8 -- ls-lb-add sw1 lb8
ovn-nbctl lb-add lb9 10.96.0.9:80 10.1.0.11:80,10.1.0.12:80 tcp
ovn-nbctl set Load_Balancer lb9 options:event=true options:reject=true
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.9:80"' -- add Load_Balancer lb9 health_check @h
ovn-nbctl lr-lb-add r0 lb9 -- lr-lb-add r1 lb9 -- lr-lb-add r2 lb9 -- lr-lb-add r3 lb9 -- ls-lb-add sw1 lb9
ovn-nbctl lb-add lb10 10.96.0.10:80 10.1.0.11:80,10.1.0.12:80 tcp
ovn-nbctl set Load_Balancer lb10 options:event=true options:reject=true
ovn-nbctl set Load_Balancer lb10 ip_port_mappings:10.1.0.11=vm1:10.1.0.3
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.10:80"' -- add Load_Balancer lb10 health_check @h
ovn-nbctl lr-lb-add r0 lb10 -- lr-lb-add r1 lb10 -- lr-lb-add r2 lb10 -- lr-lb-add r3 lb10 -- ls-lb-add sw1 lb10
ovn-nbctl lb-add lb11 10.96.0.11:80 10.1.0.11:80,10.1.0.12:80 tcp
ovn-nbctl set Load_Balancer lb11 options:reject=true options:affinity_timeout=60
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.11:80"' -- add Load_Balancer lb11 health_check @h
ovn-nbctl lr-lb-add r0 lb11 -- lr-lb-add r1 lb11 -- lr-lb-add r2 lb11 -- lr-lb-add r3 lb11 -- ls-lb-add sw1 lb11
ovn-nbctl lb-add lb12 10.96.0.12:80 10.1.0.11:80,10.1.0.12:80 tcp
ovn-nbctl set Load_Balancer lb12 options:reject=true options:affinity_timeout=60
ovn-nbctl set Load_Balancer lb12 ip_port_mappings:10.1.0.11=vm1:10.1.0.3
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.12:80"' -- add Load_Balancer lb12 health_check @h
ovn-nbctl lr-lb-add r0 lb12 -- lr-lb-add r1 lb12 -- lr-lb-add r2 lb12 -- lr-lb-add r3 lb12 -- ls-lb-add sw1 lb12
ovn-nbctl lb-add lb90 10.96.0.90:80 '' tcp -- set Load_Balancer lb90 options:reject=true -- lr-lb-add r1 lb90 -- lr-lb-add r2 lb90
ovn-nbctl --wait=sb sync
for m in $(ovn-sbctl --bare --columns=_uuid find Service_Monitor); do ovn-sbctl set Service_Monitor $m status=offline; done
ovn-nbctl lb-add lb91 10.96.0.91:80 10.1.0.11:80,10.1.0.12:80 sctp -- set Load_Balancer lb91 ip_port_mappings:10.1.0.11=vm1:10.1.0.3
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.91:80"' -- add Load_Balancer lb91 health_check @h
ovn-nbctl lr-lb-add r0 lb91 -- lr-lb-add r1 lb91 -- lr-lb-add r3 lb91 -- ls-lb-add sw1 lb91
ovn-nbctl lb-add lb92 10.96.0.92:80 10.1.0.11:80 sctp -- set Load_Balancer lb92 ip_port_mappings:10.1.0.11=vm1:10.1.0.3
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.92:80"' -- add Load_Balancer lb92 health_check @h -- set Load_Balancer lb92 protocol=tcp
ovn-nbctl ls-lb-add sw1 lb92
ovn-nbctl set Load_Balancer lb92 protocol=sctp
ovn-nbctl lr-add f0 -- set Logical_Router f0 options:lb_force_snat_ip=10.9.0.1 -- lrp-add f0 f0-a 0a:00:00:00:04:01 10.5.0.1/24
ovn-nbctl lr-add f1 -- set Logical_Router f1 options:lb_force_snat_ip='"fd09::1"' -- lrp-add f1 f1-a 0a:00:00:00:04:02 10.5.0.2/24 fd05::2/64
ovn-nbctl lrp-set-gateway-chassis f1-a hv1
ovn-nbctl lr-add f2 -- set Logical_Router f2 options:lb_force_snat_ip='"fd09::1"' options:chassis=hv1 -- lrp-add f2 f2-a 0a:00:00:00:04:03 10.5.0.3/24 fd05::3/64
ovn-nbctl lr-add f3 -- set Logical_Router f3 options:lb_force_snat_ip=router_ip -- lrp-add f3 f3-a 0a:00:00:00:04:04 10.5.0.4/24 fd05::4/64
ovn-nbctl lb-add lb93 10.96.0.93:80 10.1.0.11:80 tcp
ovn-nbctl lb-add lb94 '[fd96::94]:80' '[fd01::11]:80' tcp
ovn-nbctl --template lb-add lb95 ^vip:80 ^b tcp ipv4
ovn-nbctl lb-add lb96 10.96.0.96:80 10.1.0.11:80 tcp -- set Load_Balancer lb96 options:skip_snat=true
for r in f0 f1 f2 f3; do for l in 93 94 95 96; do ovn-nbctl lr-lb-add $r lb$l; done; done
